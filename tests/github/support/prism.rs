//! A mock server made from GitHub's own description of its API: it refuses every request that does not fit, and answers with
//! GitHub's own examples. Started once, ended with the test process, however that ends.

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

use serde_json::Value;

/// It reads 13 MB first.
const STARTS_WITHIN: Duration = Duration::from_mins(2);

/// The server.
pub struct Prism {
    port: u16,
    _holder: Child,
}

/// Starts it when first asked; this blocks.
pub fn prism() -> &'static Prism {
    static PRISM: OnceLock<Prism> = OnceLock::new();
    PRISM.get_or_init(Prism::start)
}

impl Prism {
    pub fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn start() -> Self {
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
        let log = tempfile::tempfile().expect("a file");
        let (program, description) = (installed("node_modules/.bin/prism"), description_file());
        // The shell ends it when this process is gone: the pipe to it closes.
        let holder = Command::new("setsid")
            .args(["sh", "-c", "\"$@\" </dev/null & server=$!; read -r _; kill \"$server\"; wait \"$server\"", "hold"])
            .arg(program)
            .args(["mock", "-h", "127.0.0.1", "-p", &port.to_string(), "--errors"])
            .arg(description)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn()
            .expect("setsid is installed");
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < STARTS_WITHIN, "the mock server did not start on port {port}");
            std::thread::sleep(Duration::from_millis(100));
        }
        warm_up(port).expect("it answers");
        Self { port, _holder: holder }
    }
}

/// Its first answers take it seconds, more than we wait for one.
fn warm_up(port: u16) -> std::io::Result<()> {
    let list = "GET /repos/acme/shop/deployments HTTP/1.0\r\nauthorization: Bearer x\r\n\r\n";
    let post = "POST /repos/acme/shop/deployments HTTP/1.0\r\nauthorization: Bearer x\r\n\
                content-type: application/json\r\ncontent-length: 14\r\n\r\n{\"ref\":\"main\"}";
    for request in [list, post] {
        let mut connection = TcpStream::connect(("127.0.0.1", port))?;
        connection.set_read_timeout(Some(STARTS_WITHIN))?;
        connection.write_all(request.as_bytes())?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
    }
    Ok(())
}

/// GitHub's description.
pub fn description() -> Value {
    let text = fs::read_to_string(description_file()).expect("it is readable");
    serde_json::from_str(&text).expect("it is JSON")
}

fn description_file() -> PathBuf {
    installed("node_modules/@octokit/openapi/generated/api.github.com.json")
}

/// What is missing fails the test, and says what installs it.
fn installed(file: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tools = root.join("target/tools/github");
    let lock = |folder: &Path| fs::read(folder.join("package-lock.json")).ok();
    assert!(
        tools.join(file).exists() && lock(&tools) == lock(&root.join("tests/github")),
        "{} is missing or out of date. `./dev setup` installs what the tests need",
        tools.display()
    );
    tools.join(file)
}
