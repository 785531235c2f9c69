//! The servers of a run of tests: started once, on free ports, in a folder of their own; ended with the test process,
//! however that ends, and the folder with them.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, OnceLock},
    time::Duration,
};

/// The ordinary user that is deployed to.
pub const USER: &str = "backstay-deploy";

/// Sites of a run of tests; each has a port of its own. `./dev prove` makes more of them, and allows itself as many open files.
fn sites_of_run() -> usize {
    if std::env::var_os("PROVE").is_some() { 1200 } else { 400 }
}

/// What runs.
pub struct Servers {
    pub folder: PathBuf,
    pub ssh_port: u16,
    /// Another sshd, with a host key of its own, that leads to the first.
    pub bastion_port: u16,
    free_sites: Mutex<Vec<u16>>,
    _holders: Vec<Child>,
}

/// Starts them when first asked.
pub fn servers() -> &'static Servers {
    static SERVERS: OnceLock<Servers> = OnceLock::new();
    SERVERS.get_or_init(Servers::start)
}

impl Servers {
    fn start() -> Self {
        require();
        let folder = tempfile::Builder::new().prefix("backstay-test-").tempdir_in("/tmp").expect("a folder");
        let path = folder.keep();
        run(Command::new("chmod").arg("755").arg(&path));
        let ports = free_ports(sites_of_run() + 2);
        let (ssh_port, bastion_port, sites) = (ports[0], ports[1], &ports[2..]);
        for name in ["host", "bastion", "id", "stranger"] {
            run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path.join(name)));
        }
        let programs = quick_php(&path);
        let holders = vec![
            sweep(&path),
            sshd(&path, "host", ssh_port, &format!("SetEnv PATH={programs}:/usr/local/bin:/usr/bin:/bin\n")),
            sshd(&path, "bastion", bastion_port, ""),
            fpm(&path),
            nginx(&path, sites),
        ];
        for port in [ssh_port, bastion_port, sites[0]] {
            wait_for(port, &path);
        }
        wait_for_file(&path.join("fpm.sock"));
        Self { folder: path, ssh_port, bastion_port, free_sites: Mutex::new(sites.to_vec()), _holders: holders }
    }

    /// A port that nginx serves `<folder>/<port>/current/public` on.
    pub fn take_site(&self) -> u16 {
        self.free_sites.lock().expect("no panic while held").pop().expect("a free site")
    }

    /// The line of `known_hosts`.
    pub fn known_hosts(&self) -> String {
        self.known_hosts_at(self.ssh_port)
    }

    /// The same where the first sshd is reached by another port.
    pub fn known_hosts_at(&self, port: u16) -> String {
        self.known_hosts_line("host", port)
    }

    /// The bastion's line.
    pub fn bastion_known_hosts(&self) -> String {
        self.known_hosts_line("bastion", self.bastion_port)
    }

    fn known_hosts_line(&self, key: &str, port: u16) -> String {
        let key = fs::read_to_string(self.folder.join(format!("{key}.pub"))).expect("ours");
        format!("[127.0.0.1]:{port} {}", key.trim())
    }

    /// One more sshd with the first one's key, whose sessions have that PATH; its port.
    pub fn sshd_with_path(&self, path: &str) -> (u16, Held) {
        let port = free_port();
        let server = Held(sshd(&self.folder, "host", port, &format!("SetEnv PATH={path}\n")));
        wait_for(port, &self.folder);
        (port, server)
    }

    /// The private key that lets in.
    pub fn identity(&self) -> PathBuf {
        self.folder.join("id")
    }
}

/// Tests that need a server fail where it is missing, and say what installs it.
fn require() {
    let programs = ["/usr/sbin/sshd", "/usr/sbin/nginx", "/usr/sbin/php-fpm8.2", "/usr/bin/sqlite3", "/usr/bin/setsid"];
    let missing: Vec<&str> = programs.into_iter().filter(|program| !fpm_or(program).exists()).collect();
    assert!(missing.is_empty(), "missing: {missing:?}. `./dev setup` installs what the tests need");
    let has_user =
        fs::read_to_string("/etc/passwd").is_ok_and(|text| text.lines().any(|l| l.starts_with(&format!("{USER}:"))));
    assert!(has_user, "there is no user {USER}. `./dev setup` makes it");
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    assert!(is_root, "these tests start servers of several users: run them with `./dev test`, which uses sudo");
}

/// A folder with a `php` that keeps what it has compiled: a third of all processor time of these tests was PHP reading the
/// framework again for each command.
fn quick_php(folder: &Path) -> String {
    let (programs, cache) = (folder.join("bin"), folder.join("compiled"));
    fs::create_dir(&programs).expect("ours");
    run(Command::new("install").args(["-d", "-o", USER, "-m", "700"]).arg(&cache));
    let options =
        format!("-d opcache.enable_cli=1 -d opcache.file_cache={} -d opcache.file_cache_only=1", cache.display());
    fs::write(programs.join("php"), format!("#!/bin/sh\nexec /usr/bin/php {options} \"$@\"\n")).expect("ours");
    run(Command::new("chmod").arg("755").arg(&programs).arg(programs.join("php")));
    text(&programs)
}

/// PHP's version is in the name of its server.
fn fpm_or(program: &str) -> PathBuf {
    if program.contains("php-fpm") { fpm_program() } else { PathBuf::from(program) }
}

fn fpm_program() -> PathBuf {
    let entries = fs::read_dir("/usr/sbin").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("php-fpm")))
        .collect();
    found.sort();
    found.pop().unwrap_or_else(|| PathBuf::from("/usr/sbin/php-fpm"))
}

/// Runs a server below a shell that ends it when this process is gone: the pipe to it closes.
pub fn hold(command: &[&str], log: &Path) -> Child {
    let log = fs::File::create(log).expect("a file");
    Command::new("setsid")
        .args(["sh", "-c", "\"$@\" </dev/null & server=$!; read -r _; kill \"$server\"; wait \"$server\"", "hold"])
        .args(command)
        .stdin(Stdio::piped())
        .stdout(log.try_clone().expect("a file"))
        .stderr(log)
        .spawn()
        .expect("setsid is installed")
}

/// Removes the folder a moment after this process is gone; nobody drops what is in a static.
pub fn sweep(folder: &Path) -> Child {
    Command::new("setsid")
        .args([
            "sh",
            "-c",
            "read -r _; for n in 1 2 3 4 5; do sleep 2; rm -rf \"$1\"; [ -e \"$1\" ] || break; done",
            "sweep",
        ])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("setsid is installed")
}

/// A process that is ended with its guard, or with this process.
pub struct Held(pub(super) Child);

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Runs a line as the deploy user until the guard is dropped.
pub fn hold_as_user(line: &str, log: &Path) -> Held {
    let line = format!("umask 002; {line}");
    Held(hold(&["setpriv", "--reuid", USER, "--regid", USER, "--init-groups", "sh", "-c", &line], log))
}

/// Runs a server until the guard is dropped.
pub fn hold_server(command: &[&str], log: &Path) -> Held {
    Held(hold(command, log))
}

/// A port that is free now.
pub fn free_port() -> u16 {
    free_ports(1)[0]
}

/// Its key exchange is the cheap one: the default costs a client more than all that it does after it.
fn sshd(folder: &Path, key: &str, port: u16, more: &str) -> Child {
    fs::copy(folder.join("id.pub"), folder.join("allowed")).expect("ours");
    let _ = fs::create_dir_all("/run/sshd");
    let config = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {0}/{key}\nAuthorizedKeysFile {0}/allowed\nUsePAM no\nStrictModes no\n\
         PidFile none\nKexAlgorithms curve25519-sha256\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nMaxStartups 200\nPrintMotd no\nPrintLastLog no\n{more}",
        folder.display()
    );
    let file = folder.join(format!("sshd-{port}.conf"));
    fs::write(&file, config).expect("a file");
    hold(&["/usr/sbin/sshd", "-D", "-e", "-f", &text(&file)], &folder.join(format!("sshd-{port}.log")))
}

/// PHP for whoever asks at `fpm.sock` in the folder.
pub fn fpm(folder: &Path) -> Child {
    let config = format!(
        "[global]\nerror_log = {0}/fpm.log\ndaemonize = no\n[www]\nuser = www-data\ngroup = www-data\nlisten = {0}/fpm.sock\n\
         listen.mode = 0666\npm = static\npm.max_children = 6\ncatch_workers_output = yes\n",
        folder.display()
    );
    fs::write(folder.join("fpm.conf"), config).expect("a file");
    hold(&[&text(&fpm_program()), "-F", "-y", &text(&folder.join("fpm.conf"))], &folder.join("fpm.out"))
}

fn nginx(folder: &Path, ports: &[u16]) -> Child {
    let listen: String = ports.iter().map(|port| format!("listen 127.0.0.1:{port};\n")).collect();
    let config = format!(
        "user www-data;\nworker_processes 1;\npid {0}/nginx.pid;\nerror_log {0}/nginx.err;\ndaemon off;\n\
         events {{ worker_connections {1}; }}\nhttp {{ access_log off;\nserver {{\n{listen}\
         root {0}/$server_port/current/public;\n\
         location / {{ try_files $uri /index.php?$query_string; }}\n\
         location ~ \\.php$ {{ include /etc/nginx/fastcgi_params; fastcgi_param SCRIPT_FILENAME $realpath_root$fastcgi_script_name;\n\
         fastcgi_param DOCUMENT_ROOT $realpath_root; fastcgi_pass unix:{0}/fpm.sock; }}\n}}\n}}\n",
        folder.display(),
        // each port that it listens on is one
        ports.len() + 112
    );
    fs::write(folder.join("nginx.conf"), config).expect("a file");
    hold(&["/usr/sbin/nginx", "-c", &text(&folder.join("nginx.conf"))], &folder.join("nginx.log"))
}

/// Ports that are free now; all are held until all are found.
pub fn free_ports(count: usize) -> Vec<u16> {
    let listeners: Vec<TcpListener> =
        (0..count).map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port")).collect();
    listeners.iter().map(|listener| listener.local_addr().expect("bound").port()).collect()
}

pub fn wait_for(port: u16, folder: &Path) {
    for _ in 0..300 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let logs = [&format!("sshd-{port}.log"), "nginx.log", "fpm.out"];
    let logs = logs.map(|name| fs::read_to_string(folder.join(name)).unwrap_or_default());
    panic!("nothing listens on {port}: {logs:?}");
}

pub fn wait_for_file(file: &Path) {
    super::eventually(&file.display().to_string(), || file.exists());
}

pub fn text(path: &Path) -> String {
    path.to_str().expect("our own paths are UTF-8").to_owned()
}

/// Runs a command that has to succeed.
#[track_caller]
pub fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
