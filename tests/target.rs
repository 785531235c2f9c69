//! Reaching a target: a real sshd, and this machine itself.

mod sshd;

use std::time::{Duration, Instant};

use backstay::{
    config::{Environment, HttpFrom, HttpReach, KnownHosts, Ssh, Transport},
    target::{ConnectError, KeyFault, Target, TargetError},
};
use sshd::Sshd;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

fn environment(transport: Transport) -> Environment {
    Environment {
        name: "test".into(),
        drills: false,
        production: false,
        transport,
        path: "/srv/app".into(),
        url: None,
        http: HttpReach { from: HttpFrom::Runner, resolve: None, headers: Vec::new() },
    }
}

async fn reach(ssh: Ssh) -> Result<Target, ConnectError> {
    Target::connect(&environment(Transport::Ssh(ssh))).await
}

async fn refused(ssh: Ssh) -> ConnectError {
    reach(ssh).await.expect_err("the connection is refused")
}

async fn both(sshd: &Sshd) -> [Target; 2] {
    let local = Target::connect(&environment(Transport::Local)).await.expect("this machine is there");
    [reach(sshd.destination()).await.expect("sshd lets us in"), local]
}

const HOSTILE: &str = "a'b\"c $(id) `id` \\n \n\t-é *";

#[tokio::test]
async fn a_script_gets_its_arguments_and_its_input_unchanged() {
    let sshd = Sshd::start();
    for target in both(&sshd).await {
        let script = "printf '%s|' \"$0\" \"$@\"; cat; printf 'oh \\n' >&2; exit 3";
        let output = target.run(script, &[HOSTILE, "", "-n"], b"in\0put", 1000).await.expect("it runs");
        let expected = [format!("backstay|{HOSTILE}||-n|").as_bytes(), b"in\0put"].concat();
        assert_eq!(String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&expected));
        assert_eq!((output.status, output.stderr.as_str()), (3, "oh \n"));
        assert!(target.is_alive().await);
        target.close().await;
    }
    sshd.leaves_no_master().await;
}

#[tokio::test]
async fn every_end_of_a_script_is_told_apart() {
    let sshd = Sshd::start();
    for target in both(&sshd).await {
        let end = |script: &'static str| target.run(script, &[], b"", 100);
        assert_eq!(end("exit 255").await.expect("it ends").status, 255);
        assert!(matches!(end("kill -9 $$").await, Err(TargetError::Killed { .. })), "{target:?}");
        assert!(matches!(end("yes").await, Err(TargetError::TooMuchOutput { limit_bytes: 100 })));
        let long = "x".repeat(200_000);
        assert!(matches!(target.run(":", &[&long], b"", 0).await, Err(TargetError::TooLong { .. })));
        let input = vec![b'x'; 3_000_000];
        assert_eq!(target.run("exit 0", &[], &input, 0).await.expect("it need not read").status, 0);
        assert_eq!(target.run("wc -c", &[], &input, 100).await.expect("it reads").stdout.trim_ascii(), b"3000000");
    }
}

/// On a busy machine sshd tells the exit status before the last of the output; here it always does.
#[tokio::test]
async fn what_comes_behind_the_exit_status_is_not_lost() {
    let sshd = Sshd::start();
    for target in both(&sshd).await {
        let output = target.run("echo first; (sleep 0.4; echo last) & exit 0", &[], b"", 100).await.expect("it ends");
        assert_eq!((output.status, output.stdout.as_slice()), (0, &b"first\nlast\n"[..]), "{target:?}");
    }
}

#[tokio::test]
async fn a_channel_is_spoken_to_while_it_lives() {
    let sshd = Sshd::start();
    for target in both(&sshd).await {
        let script = "while IFS= read -r line; do echo \"<$line>\"; done; echo bye >&2; exit 7";
        let mut channel = target.open(script, &[]).await.expect("it starts");
        let mut lines = BufReader::new(channel.stdout).lines();
        for word in ["one", "two"] {
            channel.stdin.write_all(format!("{word}\n").as_bytes()).await.expect("it reads");
            assert_eq!(lines.next_line().await.expect("it answers"), Some(format!("<{word}>")));
        }
        drop(channel.stdin);
        assert_eq!(lines.next_line().await.expect("it ends"), None);
        let exit = channel.ending.wait().await.expect("it ends");
        assert_eq!((exit.status, exit.stderr.as_str()), (7, "bye\n"));
    }
}

#[tokio::test]
async fn nothing_secret_is_inherited() {
    let local = Target::connect(&environment(Transport::Local)).await.expect("this machine is there");
    let output = local.run("env", &[], b"", 100_000).await.expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains("CARGO"), "{text}");
}

#[tokio::test]
async fn a_script_outlives_its_channel_and_the_connection() {
    let sshd = Sshd::start();
    let folder = tempfile::tempdir().expect("a folder");
    for (n, target) in both(&sshd).await.into_iter().enumerate() {
        let mark = folder.path().join(n.to_string());
        let channel = target.open("sleep 0.5; : >\"$1\"", &[mark.to_str().expect("ascii")]).await.expect("it starts");
        drop(channel);
        target.close().await;
        sshd::eventually("the script goes on", || mark.exists()).await;
    }
}

#[tokio::test]
async fn a_lost_link_is_no_exit_status() {
    let sshd = Sshd::start();
    let target = reach(sshd.destination()).await.expect("sshd lets us in");
    let mut channel = target.open("echo $PPID; sleep 60", &[]).await.expect("it starts");
    let mut line = String::new();
    BufReader::new(&mut channel.stdout).read_line(&mut line).await.expect("it answers");
    sshd.drop_connections();
    let begun = Instant::now();
    assert!(matches!(channel.ending.wait().await, Err(TargetError::LinkLost)));
    assert!(!target.is_alive().await);
    assert!(matches!(target.run(":", &[], b"", 0).await, Err(TargetError::LinkLost)));
    assert!(begun.elapsed() < Duration::from_secs(12));
}

#[tokio::test]
async fn a_silent_link_is_found_dead_in_seconds() {
    let sshd = Sshd::start();
    let target = reach(sshd.destination()).await.expect("sshd lets us in");
    let channel = target.open("sleep 60", &[]).await.expect("it starts");
    let frozen = sshd.freeze();
    let begun = Instant::now();
    assert!(!target.is_alive().await);
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    assert!(matches!(channel.ending.wait().await, Err(TargetError::LinkLost)));
    assert!(begun.elapsed() < Duration::from_secs(17), "{:?}", begun.elapsed());
    drop(frozen);
}

#[tokio::test]
async fn a_host_key_is_checked_strictly() {
    let sshd = Sshd::start();
    let name = format!("[127.0.0.1]:{}", sshd.port);
    let presented = sshd.fingerprint();

    let unknown = refused(Ssh { known_hosts: KnownHosts::Text(String::new()), ..sshd.destination() }).await;
    let ConnectError::HostKeyUnknown { presented: Some(shown), .. } = &unknown else { panic!("{unknown:?}") };
    assert!(shown.contains(&presented), "{shown}");
    assert!(unknown.remedy().contains(&format!("ssh-keyscan -p {} 127.0.0.1", sshd.port)), "{}", unknown.remedy());

    let (other, expected) = sshd.other_key();
    let known = KnownHosts::Text(format!("{name} {other}"));
    let changed = refused(Ssh { known_hosts: known, ..sshd.destination() }).await;
    let text = changed.to_string();
    assert!(matches!(changed, ConnectError::HostKeyChanged { .. }), "{changed:?}");
    assert!(text.contains(&expected) && text.contains(&presented) && text.contains(&name), "{text}");
}

#[tokio::test]
async fn who_is_refused_learns_why() {
    let sshd = Sshd::start();
    let user = refused(Ssh { user: Some("nobody-here".into()), ..sshd.destination() }).await;
    assert!(matches!(user, ConnectError::AuthenticationRefused { .. }), "{user:?}");
    assert!(user.to_string().starts_with("nobody-here@[127.0.0.1]:"), "{user}");

    let key = |text: &[u8], mode| Ssh { identity_file: Some(sshd.file(text, mode)), ..sshd.destination() };
    let good = sshd.key_text();
    let crlf = good.replace('\n', "\r\n");
    let fault = async |ssh| {
        let error = refused(ssh).await;
        let ConnectError::Key { fault, .. } = error else { panic!("{error:?}") };
        fault
    };
    assert!(matches!(fault(key(good.as_bytes(), 0o644)).await, KeyFault::Open(0o644)));
    assert!(matches!(fault(key(crlf.as_bytes(), 0o600)).await, KeyFault::Crlf));
    assert!(matches!(fault(key(good.trim_end().as_bytes(), 0o600)).await, KeyFault::NoFinalNewline));
    assert!(matches!(fault(key(b"hello\n", 0o600)).await, KeyFault::NotAKey));
    assert!(matches!(fault(key(sshd.other_key().0.as_bytes(), 0o644)).await, KeyFault::PublicKey));
    let broken = good.replace(&good[80..90], "AAAAAAAAAA");
    assert!(matches!(fault(key(broken.as_bytes(), 0o600)).await, KeyFault::NotLoaded(_)));
    let none = Ssh { identity_file: Some("/nonexistent/key".into()), ..sshd.destination() };
    assert!(matches!(fault(none).await, KeyFault::Unreadable(_)));
    assert!(matches!(fault(sshd.locked()).await, KeyFault::Passphrase));
    assert!(reach(key(good.as_bytes(), 0o600)).await.is_ok(), "the key itself is good");
}

#[tokio::test]
async fn nobody_there_is_said_to_be_so() {
    let sshd = Sshd::start();
    let name = refused(Ssh { host: "no-such-host.invalid".into(), ..sshd.destination() }).await;
    assert!(matches!(name, ConnectError::NameNotResolved { .. }), "{name:?}");
    let free = sshd::free_port();
    let port = refused(Ssh { port: free, ..sshd.destination() }).await;
    assert_eq!(port.to_string(), format!("no connection to [127.0.0.1]:{free}: Connection refused"));
    let option = refused(Ssh { host: "-oProxyCommand=touch /tmp/x".into(), ..sshd.destination() }).await;
    assert!(matches!(option, ConnectError::BadDestination { .. }), "{option:?}");
    let file = KnownHosts::File("/nonexistent".into());
    let file = refused(Ssh { known_hosts: file, ..sshd.destination() }).await;
    assert!(matches!(file, ConnectError::KnownHostsUnreadable { .. }), "{file:?}");
}

#[tokio::test]
async fn a_jump_host_is_passed_and_blamed_for_what_is_its_own() {
    let (sshd, jump) = (Sshd::start(), Sshd::start_with_key_of(None));
    let known = KnownHosts::Text(format!("{}\n{}\n", sshd.known_hosts_line(), jump.known_hosts_line()));
    let through = |known: &KnownHosts| Ssh {
        jump: Some(format!("root@127.0.0.1:{}", jump.port)),
        known_hosts: known.clone(),
        ..sshd.destination()
    };
    jump.let_in(&sshd);
    let target = reach(through(&known)).await.expect("the jump host lets us through");
    let output = target.run("printf %s \"$SSH_CONNECTION\"", &[], b"", 1000).await.expect("it runs");
    assert!(String::from_utf8_lossy(&output.stdout).ends_with(&sshd.port.to_string()));
    target.close().await;

    let unknown = refused(through(&KnownHosts::Text(sshd.known_hosts_line()))).await;
    let ConnectError::Jump { source, .. } = &unknown else { panic!("{unknown:?}") };
    assert!(matches!(**source, ConnectError::HostKeyUnknown { .. }), "{source:?}");
    let unknown = refused(through(&KnownHosts::Text(jump.known_hosts_line()))).await;
    assert!(matches!(unknown, ConnectError::HostKeyUnknown { .. }), "{unknown:?}");

    let beyond = refused(Ssh { port: sshd::free_port(), ..through(&known) }).await;
    assert!(beyond.to_string().contains("onnect"), "{beyond}");
}
