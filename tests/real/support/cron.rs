//! A host with a cron of its own: the users' tables, the system's and `/run` are private to it. A cron of the machine
//! would run the machine's own tables, and other tests' lines as well.

use std::{fs, path::PathBuf, process::Command};

use super::{
    Site, eventually,
    servers::{Held, USER, free_port, hold_server, run, servers, text, wait_for},
};

/// Ends with its sshd and its cron.
pub struct CronHost {
    folder: PathBuf,
    namespace: String,
    cron: Option<Held>,
    _sshd: Held,
}

impl CronHost {
    /// A site's commands reach the target by this host's sshd from the next [`Site::configure`] on.
    pub fn start(site: &Site) -> Self {
        let (folder, port) = (site.marks.join("cron-host"), free_port());
        run(Command::new("install").args(["-d", "-m", "755"]).arg(&folder));
        run(Command::new("install").args(["-d", "-g", "crontab", "-m", "1730"]).arg(folder.join("crontabs")));
        let script = "mount -t tmpfs none /run; mkdir -m 755 /run/sshd
            mount --bind \"$1/crontabs\" /var/spool/cron/crontabs; mount --bind /dev/null /etc/crontab; mount -t tmpfs none /etc/cron.d
            echo $$ >\"$1/pid\"; exec /usr/sbin/sshd -D -e -f \"$2\" -p \"$3\"";
        let config = text(&servers().folder.join(format!("sshd-{}.conf", servers().ssh_port)));
        let words = ["unshare", "--mount", "sh", "-euc", script, "sh", &text(&folder), &config, &port.to_string()];
        let sshd = hold_server(&words, &folder.join("sshd.log"));
        wait_for(port, &servers().folder);
        site.reach_by(port);
        let pid = fs::read_to_string(folder.join("pid")).expect("it was written before sshd began");
        Self { namespace: format!("/proc/{}/ns/mnt", pid.trim()), folder, cron: None, _sshd: sshd }
    }

    /// The deploy user's next change of the table happens in the second of another one that cron has looked at already: the folder
    /// has the time that cron knows. Whoever makes it waits until that is so.
    pub fn prepare_unseen_change(&self, site: &Site) {
        let wrapper = "#!/bin/sh\n\"MARKS/crontab-real\" \"$@\" || exit\n[ \"$*\" = - ] && mkdir MARKS/written 2>/dev/null || exit 0\nuntil [ -e MARKS/unseen ]; do sleep 0.02; done\n";
        let marks = text(&site.marks);
        fs::write(site.marks.join("crontab"), wrapper.replace("MARKS", &marks)).expect("ours");
        let script =
            "chmod 755 \"$1/crontab\"; touch \"$1/crontab-real\"; mount --bind /usr/bin/crontab \"$1/crontab-real\"
            mount --bind \"$1/crontab\" /usr/bin/crontab; touch -r /var/spool/cron/crontabs \"$1/known\"";
        run(Command::new("nsenter")
            .arg(format!("--mount={}", self.namespace))
            .args(["sh", "-euc", script, "sh", &marks]));
    }

    /// Waits for that change.
    pub fn await_unseen_change(&self, site: &Site) {
        eventually("the table is written", || site.marks.join("written").exists());
        run(Command::new("touch").arg("-r").arg(site.marks.join("known")).arg(self.folder.join("crontabs")));
        fs::write(site.marks.join("unseen"), "").expect("ours");
    }

    /// As at boot: the lines with `@reboot` run now.
    pub fn start_cron(&mut self) {
        let namespace = format!("--mount={}", self.namespace);
        self.cron = Some(hold_server(&["nsenter", &namespace, "/usr/sbin/cron", "-f"], &self.folder.join("cron.log")));
    }

    /// The deploy user's lines.
    pub fn crontab(&self) -> Vec<String> {
        let table = fs::read_to_string(self.folder.join("crontabs").join(USER)).unwrap_or_default();
        table.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    }
}
