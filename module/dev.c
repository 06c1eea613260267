// SPDX-License-Identifier: GPL-2.0
/* /dev/cok/NAME, see include/cok/uapi.h. */
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <cok/uapi.h>

#include "cok.h"
#include "compat.h"

struct cok_file {
	struct cok_enclave *e; /* held by the open cdev */
	struct mutex lock;
	u64 pos;	     /* lock: in the log */
	u64 line;	     /* lock */
	struct cok_run *run; /* its channel, set once, or NULL */
};

static dev_t first_dev;
static struct class *cok_class;
static DEFINE_IDA(minors);

static int dev_open(struct inode *inode, struct file *file)
{
	struct cok_enclave *e =
		container_of(inode->i_cdev, struct cok_enclave, cdev);
	struct cok_file *f = kzalloc(sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	mutex_init(&f->lock);
	f->e = e;
	mutex_lock(&e->log.lock);
	f->pos = e->log.tail;
	f->line = e->log.tail_line;
	mutex_unlock(&e->log.lock);
	file->private_data = f;
	return 0;
}

static int dev_release(struct inode *inode, struct file *file)
{
	struct cok_file *f = file->private_data;

	if (f->run)
		cok_run_close(f->e, f->run);
	kfree(f);
	return 0;
}

static ssize_t dev_read(struct file *file, char __user *buf, size_t len,
			loff_t *ppos)
{
	struct cok_file *f = file->private_data;
	struct cok_enclave *e = f->e;
	ssize_t ret;

	for (;;) {
		/* Looked at before the log: what came last is still read. */
		bool gone = READ_ONCE(e->gone);

		mutex_lock(&f->lock);
		ret = cok_log_read(&e->log, &f->pos, &f->line, buf, len);
		mutex_unlock(&f->lock);
		if (ret || gone || !len)
			return ret;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(e->log.wait,
					     READ_ONCE(e->gone) ||
						     READ_ONCE(e->log.head) !=
							     f->pos))
			return -ERESTARTSYS;
	}
}

static ssize_t dev_write(struct file *file, const char __user *ubuf, size_t len,
			 loff_t *ppos)
{
	struct cok_file *f = file->private_data;
	struct cok_enclave *e = f->e;
	char buf[256];
	ssize_t n;

	len = min(len, sizeof(buf));
	if (!len)
		return 0;
	if (copy_from_user(buf, ubuf, len))
		return -EFAULT;
	for (;;) {
		if (cok_enclave_state(e) != COK_ST_RUNNING)
			return -ENOTCONN;
		n = cok_chan_input(e, buf, len);
		if (n)
			return n;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		/* The watch wakes e->wait ten times a second. */
		if (wait_event_interruptible(e->wait,
					     cok_chan_input_room(e) ||
						     cok_enclave_state(e) !=
							     COK_ST_RUNNING))
			return -ERESTARTSYS;
	}
}

static loff_t dev_llseek(struct file *file, loff_t off, int whence)
{
	struct cok_file *f = file->private_data;
	struct cok_log *log = &f->e->log;

	if (off || (whence != SEEK_SET && whence != SEEK_END))
		return -EINVAL;
	mutex_lock(&f->lock);
	mutex_lock(&log->lock);
	f->pos = whence == SEEK_SET ? log->tail : log->head;
	f->line = whence == SEEK_SET ? log->tail_line : log->head_line;
	mutex_unlock(&log->lock);
	mutex_unlock(&f->lock);
	return 0;
}

static __poll_t dev_poll(struct file *file, poll_table *wait)
{
	struct cok_file *f = file->private_data;
	struct cok_enclave *e = f->e;
	__poll_t mask = 0;

	poll_wait(file, &e->log.wait, wait);
	poll_wait(file, &e->wait, wait);
	if (READ_ONCE(e->log.head) != READ_ONCE(f->pos))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(e->gone))
		return mask | EPOLLHUP;
	if (cok_enclave_state(e) == COK_ST_RUNNING && cok_chan_input_room(e))
		mask |= EPOLLOUT | EPOLLWRNORM;
	return mask;
}

static long ioc_info(struct cok_enclave *e, void __user *arg)
{
	struct cok_ioc_info info;

	if (copy_from_user(&info, arg, sizeof(info)))
		return -EFAULT;
	if (info.size != sizeof(info) || info.reserved)
		return -EINVAL;
	memset(&info, 0, sizeof(info));
	info.size = sizeof(info);
	info.enclave = e->id;
	info.state = cok_enclave_state(e);
	strscpy(info.name, e->name, sizeof(info.name));
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long ioc_ping(struct cok_enclave *e, void __user *arg)
{
	struct cok_ioc_ping ping;
	int err;

	if (copy_from_user(&ping, arg, sizeof(ping)))
		return -EFAULT;
	if (ping.size != sizeof(ping) || !ping.timeout_ms ||
	    ping.timeout_ms > 60000)
		return -EINVAL;
	err = cok_chan_ping(e, ping.timeout_ms, &ping.rtt_ns, &ping.cookie);
	if (err)
		return err;
	return copy_to_user(arg, &ping, sizeof(ping)) ? -EFAULT : 0;
}

static long ioc_run_open(struct cok_file *f, void __user *arg)
{
	struct cok_ioc_run_open open;
	int err;

	if (copy_from_user(&open, arg, sizeof(open)))
		return -EFAULT;
	if (open.size != sizeof(open) || open.reserved)
		return -EINVAL;
	if (cok_enclave_state(f->e) != COK_ST_RUNNING)
		return -ENOTCONN;
	err = cok_run_open(f->e, &f->run, &open.id);
	if (err)
		return err;
	open.channel = COK_RUN_SIZE;
	return copy_to_user(arg, &open, sizeof(open)) ? -EFAULT : 0;
}

static long ioc_run_wait(struct cok_file *f, void __user *arg)
{
	struct cok_run *r = READ_ONCE(f->run);
	struct cok_ioc_run_wait w;

	if (copy_from_user(&w, arg, sizeof(w)))
		return -EFAULT;
	if (w.size != sizeof(w) || w.timeout_ms > 60000)
		return -EINVAL;
	if (!r)
		return -EBADFD;
	return cok_run_wait(f->e, r, w.slot, w.kick, w.timeout_ms);
}

static int dev_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct cok_file *f = file->private_data;
	struct cok_run *r = READ_ONCE(f->run);

	return r ? cok_run_mmap(r, vma) : -EINVAL;
}

static long dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct cok_file *f = file->private_data;

	switch (cmd) {
	case COK_IOC_INFO:
		return ioc_info(f->e, (void __user *)arg);
	case COK_IOC_PING:
		return ioc_ping(f->e, (void __user *)arg);
	case COK_IOC_MEMORY:
		return cok_dump_ioctl(f->e, (void __user *)arg);
	case COK_IOC_RUN_OPEN:
		return ioc_run_open(f, (void __user *)arg);
	case COK_IOC_RUN_START:
		if (!READ_ONCE(f->run))
			return -EBADFD;
		return cok_run_start(f->e, f->run);
	case COK_IOC_RUN_WAIT:
		return ioc_run_wait(f, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations dev_fops = {
	.owner = THIS_MODULE,
	.open = dev_open,
	.release = dev_release,
	.read = dev_read,
	.write = dev_write,
	.llseek = dev_llseek,
	.poll = dev_poll,
	.mmap = dev_mmap,
	.unlocked_ioctl = dev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static char *devnode(COK_DEVNODE_CONST struct device *dev, umode_t *mode,
		     kuid_t *uid, kgid_t *gid)
{
	struct cok_enclave *e = container_of(dev, struct cok_enclave, dev);

	if (mode)
		*mode = 0600;
	if (uid)
		*uid = make_kuid(&init_user_ns, e->uid);
	return kasprintf(GFP_KERNEL, "cok/%s", e->name);
}

static const struct device_type dev_type = {
	.name = "cok-enclave",
	.devnode = devnode,
};

int cok_dev_add(struct cok_enclave *e)
{
	int minor, err;

	minor = cok_fault("device minor")
			? -ENOMEM
			: ida_alloc_max(&minors, COK_MAX_ENCLAVES - 1,
					GFP_KERNEL);
	if (minor < 0)
		return minor;
	e->dev.devt = first_dev + minor;
	e->dev.class = cok_class;
	e->dev.type = &dev_type;
	cdev_init(&e->cdev, &dev_fops);
	e->cdev.owner = THIS_MODULE;
	err = dev_set_name(&e->dev, "%s", e->name);
	if (!err)
		err = cok_fault("device") ? -ENOMEM
					  : cdev_device_add(&e->cdev, &e->dev);
	if (err) {
		ida_free(&minors, minor);
		return err;
	}
	e->dev_added = true;
	return 0;
}

void cok_dev_del(struct cok_enclave *e)
{
	if (!e->dev_added)
		return;
	cdev_device_del(&e->cdev, &e->dev);
	ida_free(&minors, MINOR(e->dev.devt) - MINOR(first_dev));
	e->dev_added = false;
	WRITE_ONCE(e->gone, true);
	wake_up_all(&e->log.wait);
	wake_up_all(&e->wait);
}

int cok_dev_setup(void)
{
	int err = alloc_chrdev_region(&first_dev, 0, COK_MAX_ENCLAVES, "cok");

	if (err)
		return err;
	cok_class = cok_class_create("cok");
	if (IS_ERR(cok_class)) {
		unregister_chrdev_region(first_dev, COK_MAX_ENCLAVES);
		return PTR_ERR(cok_class);
	}
	return 0;
}

void cok_dev_cleanup(void)
{
	class_destroy(cok_class);
	unregister_chrdev_region(first_dev, COK_MAX_ENCLAVES);
	ida_destroy(&minors);
}
