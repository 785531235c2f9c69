//! A host where the deploy user has a systemd of its own: a real one, run by that user, in mounts and control groups of this host's
//! own. Only `systemd --user` runs, never one as root, and of the machine's units only targets. logind is imitated: by the file
//! that says who lingers, and by ending the processes of a login.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{
    Site, eventually,
    servers::{Held, USER, free_port, hold_server, run, servers, text, wait_for},
};

/// Ends with its sshd, its manager, and all that they started.
pub struct ManagerHost {
    folder: PathBuf,
    tree: PathBuf,
    manager: Option<Held>,
    sshd: Option<Held>,
}

/// sshd stands where logind puts a login; `$1` is the host's folder.
const START: &str = r#"
cd "$1"
tree=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)/backstay-test-$$
mkdir "$tree" "$tree/manager" "$tree/session-1.scope"
echo "$tree" >tree
echo $$ >"$tree/cgroup.procs"
exec unshare --mount --cgroup sh -euc '
	mount -t tmpfs none /run
	mkdir -m 755 /run/sshd /run/user /run/systemd /run/systemd/system
	install -d -o "$4" -m 700 "/run/user/$(id -u "$4")"
	mount -t cgroup2 none /sys/fs/cgroup
	chown -R "$4" /sys/fs/cgroup
	mkdir units
	for unit in basic default exit paths shutdown sockets timers; do cp "/usr/lib/systemd/user/$unit.target" units/; done
	cp /usr/lib/systemd/user/systemd-exit.service /usr/lib/systemd/user/*.slice units/
	mount --bind units /usr/lib/systemd/user
	mount -t tmpfs none /etc/systemd
	mkdir /etc/systemd/user
	printf "[Login]\nKillUserProcesses = yes\n" >/etc/systemd/logind.conf
	mount -t tmpfs none /var/lib/systemd
	mkdir /var/lib/systemd/linger
	install -d -o "$4" "/home/$4/.config" "/home/$4/.config/systemd" config config/user
	mount --bind config "/home/$4/.config/systemd"
	mount --bind /bin/false /usr/bin/crontab
	echo $$ >/sys/fs/cgroup/session-1.scope/cgroup.procs
	echo $$ >pid
	exec /usr/sbin/sshd -D -e -f "$2" -p "$3"' sh "$@"
"#;

impl ManagerHost {
    /// A site's commands reach the target by this host's sshd from the next [`Site::configure`] on.
    pub fn start(site: &Site) -> Self {
        assert!(
            Path::new("/lib/systemd/systemd").exists(),
            "missing: systemd. `./dev setup` installs what the tests need"
        );
        let (folder, port) = (site.marks.join("manager-host"), free_port());
        run(Command::new("install").args(["-d", "-m", "755"]).arg(&folder));
        let config = text(&servers().folder.join(format!("sshd-{}.conf", servers().ssh_port)));
        let words = ["sh", "-euc", START, "sh", &text(&folder), &config, &port.to_string(), USER];
        let sshd = Some(hold_server(&words, &folder.join("sshd.log")));
        wait_for(port, &servers().folder);
        site.reach_by(port);
        let tree = fs::read_to_string(folder.join("tree")).expect("it was written before sshd began");
        Self { tree: PathBuf::from(tree.trim()), folder, manager: None, sshd }
    }

    /// As at boot, for a user who lingers.
    pub fn start_manager(&mut self) {
        self.enter(&["touch", &format!("/var/lib/systemd/linger/{USER}")]);
        let script = "echo $$ >\"$1/manager/cgroup.procs\"; shift; exec \"$@\"";
        let mut words = vec!["sh".to_owned(), "-euc".to_owned(), script.to_owned(), "sh".to_owned(), text(&self.tree)];
        words.extend(self.namespaces());
        words.extend(as_user());
        words.push("/lib/systemd/systemd".to_owned());
        words.push("--user".to_owned());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.manager = Some(hold_server(&words, &self.folder.join("manager.log")));
        eventually("the manager answers", || {
            let mut ask = self.command(&["systemctl", "--user", "show", "--property=Version"]);
            ask.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
        });
    }

    /// As at a shutdown, or where nobody lingers and the last login ends.
    pub fn stop_manager(&mut self) {
        self.manager = None;
    }

    /// What logind does at the end of a login with `KillUserProcesses`: ends all of the user's processes in it.
    pub fn log_out(&self) {
        eventually("the login has ended", || {
            let listed = fs::read_to_string(self.tree.join("session-1.scope/cgroup.procs")).expect("it is there");
            let is_users = |pid: &&str| fs::metadata(format!("/proc/{pid}")).is_ok_and(|of| of.uid() != 0);
            let users: Vec<&str> = listed.lines().filter(is_users).collect();
            if !users.is_empty() {
                let _ = Command::new("kill").arg("-KILL").args(&users).stderr(Stdio::null()).status();
            }
            users.is_empty()
        });
    }

    /// What runs have put among the units of the deploy user's own systemd.
    pub fn units(&self) -> Vec<String> {
        let folder = self.folder.join("config/user");
        let folders = [folder.clone(), folder.join("timers.target.wants")];
        let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| name.starts_with("backstay-")).collect()
    }

    /// A script as the deploy user on this host; what it prints.
    pub fn run_as_user(&self, script: &str, arg: &str) -> String {
        run(&mut self.command(&["sh", "-euc", script, "sh", arg]))
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut all = self.namespaces();
        all.extend(as_user());
        let mut command = Command::new(&all[0]);
        command.args(&all[1..]).args(words);
        command
    }

    fn enter(&self, words: &[&str]) {
        let all = self.namespaces();
        run(Command::new(&all[0]).args(&all[1..]).args(words));
    }

    fn namespaces(&self) -> Vec<String> {
        let pid = fs::read_to_string(self.folder.join("pid")).expect("it was written before sshd began");
        let of = |name: &str, kind: &str| format!("--{name}=/proc/{}/ns/{kind}", pid.trim());
        vec!["nsenter".to_owned(), of("mount", "mnt"), of("cgroup", "cgroup")]
    }
}

/// What makes a command the deploy user's, with what a manager has around it.
fn as_user() -> Vec<String> {
    let uid = run(Command::new("id").args(["-u", USER]));
    let variables = [
        "PATH=/usr/bin:/bin".to_owned(),
        format!("HOME=/home/{USER}"),
        format!("USER={USER}"),
        format!("XDG_RUNTIME_DIR=/run/user/{}", uid.trim()),
    ];
    let lead = ["setpriv", "--reuid", USER, "--regid", USER, "--init-groups", "env", "-i"];
    lead.into_iter().map(str::to_owned).chain(variables).collect()
}

impl Drop for ManagerHost {
    fn drop(&mut self) {
        self.manager = None;
        let _ = fs::write(self.tree.join("cgroup.kill"), "1");
        self.sshd = None;
        // a group can go when its last process has
        eventually("the host's control groups are gone", || {
            let _ = Command::new("find")
                .arg(&self.tree)
                .args(["-depth", "-type", "d", "-exec", "rmdir", "{}", ";"])
                .stderr(Stdio::null())
                .status();
            !self.tree.exists()
        });
    }
}
