//! A real sshd of a test's own: a free port, its own host key, the current user, no system files touched.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use backstay::config::{KnownHosts, Ssh};
use tempfile::TempDir;

pub struct Sshd {
    pub port: u16,
    folder: TempDir,
    child: Child,
    files: AtomicU32,
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound").port()
}

pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..200 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("in ten seconds not: {what}");
}

fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("it is installed");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

impl Sshd {
    pub fn start() -> Self {
        Self::start_with_key_of(Some(()))
    }

    /// `None`: nobody is let in until [`Sshd::let_in`].
    pub fn start_with_key_of(own: Option<()>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        for (name, passphrase) in [("host", ""), ("other", ""), ("id", ""), ("locked", "secret")] {
            run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", passphrase, "-f"]).arg(path.join(name)));
        }
        let allowed = ["id.pub", "locked.pub"].map(|name| fs::read_to_string(path.join(name)).expect("a key"));
        fs::write(path.join("allowed"), own.map(|()| allowed.concat()).unwrap_or_default()).expect("a file");
        // sshd as root wants its folder of privilege separation
        let _ = fs::create_dir_all("/run/sshd");
        let port = free_port();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {0}/host\nAuthorizedKeysFile {0}/allowed\nUsePAM no\n\
             StrictModes no\nPidFile none\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
             MaxStartups 100\nPrintMotd no\nPrintLastLog no\n",
            path.display()
        );
        fs::write(path.join("config"), config).expect("a file");
        let child = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(path.join("config"))
            .stdin(Stdio::null())
            .stderr(fs::File::create(path.join("log")).expect("a file"))
            .spawn()
            .expect("sshd is installed");
        let sshd = Self { port, folder, child, files: AtomicU32::new(0) };
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return sshd;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("sshd does not listen: {}", sshd.read("log"));
    }

    pub fn destination(&self) -> Ssh {
        Ssh {
            user: None,
            host: "127.0.0.1".into(),
            port: self.port,
            jump: None,
            identity_file: Some(self.path("id")),
            known_hosts: KnownHosts::Text(self.known_hosts_line()),
        }
    }

    pub fn locked(&self) -> Ssh {
        Ssh { identity_file: Some(self.path("locked")), ..self.destination() }
    }

    pub fn known_hosts_line(&self) -> String {
        format!("[127.0.0.1]:{} {}", self.port, self.read("host.pub"))
    }

    /// A key that is not the host's, with its fingerprint.
    pub fn other_key(&self) -> (String, String) {
        (self.read("other.pub"), self.fingerprint_of("other"))
    }

    pub fn fingerprint(&self) -> String {
        self.fingerprint_of("host")
    }

    pub fn key_text(&self) -> String {
        self.read("id")
    }

    pub fn let_in(&self, other: &Self) {
        fs::write(self.path("allowed"), other.read("allowed")).expect("a file");
    }

    /// A file that lasts as long as the server.
    pub fn file(&self, bytes: &[u8], mode: u32) -> PathBuf {
        let path = self.path(&format!("file-{}", self.files.fetch_add(1, Ordering::Relaxed)));
        fs::write(&path, bytes).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("ours");
        path
    }

    /// Ends every connection, as a network does that resets.
    pub fn drop_connections(&self) {
        for pid in self.sessions() {
            let _ = Command::new("kill").args(["-9", &pid]).status();
        }
    }

    /// Nothing comes back any more, as behind a firewall that forgot us, until the guard is dropped.
    pub fn freeze(&self) -> Frozen {
        let pids = self.sessions();
        for pid in &pids {
            let _ = Command::new("kill").args(["-STOP", pid]).status();
        }
        Frozen(pids)
    }

    pub async fn leaves_no_master(&self) {
        eventually("sshd has no session left", || self.sessions().is_empty()).await;
    }

    /// The processes that serve connections: sshd's children.
    fn sessions(&self) -> Vec<String> {
        let children = format!("/proc/{0}/task/{0}/children", self.child.id());
        let text = fs::read_to_string(children).unwrap_or_default();
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn fingerprint_of(&self, name: &str) -> String {
        let line = run(Command::new("ssh-keygen").arg("-lf").arg(self.path(&format!("{name}.pub"))));
        line.split_whitespace().nth(1).expect("a fingerprint").to_owned()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("ours")
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.drop_connections();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub struct Frozen(Vec<String>);

impl Drop for Frozen {
    fn drop(&mut self) {
        for pid in &self.0 {
            let _ = Command::new("kill").args(["-CONT", pid]).status();
        }
    }
}
