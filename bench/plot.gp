# SPDX-License-Identifier: GPL-2.0
# gnuplot -e 'data="FILE"; out="FILE"; where="WORDS"' plot.gp: the ratios that
# `summarize --plot` wrote, with their ranges and aims, as an SVG.
set terminal svg size 820,420 font "sans-serif,13" background "white"
set output out
set title "Ours divided by the bare thing: median of pairs, 95 % range\n".where
set ylabel "ratio"
set logscale y 2
set yrange [0.5:*]
set grid ytics
set offsets 0.5, 0.5, 0, 0
set style fill solid 0.5
set boxwidth 0.5
set xtics rotate by -20 noenhanced
set key top left
plot data using 0:2:3:4:xtic(1) with yerrorbars pt 7 ps 0.8 lc rgb "#204a87" title "measured", \
     data using 0:($5 > 0 ? $5 : 1/0) with points pt 9 ps 1.2 lc rgb "#cc0000" title "aim: at most", \
     1 with lines dt 2 lc rgb "#888888" notitle
