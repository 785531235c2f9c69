//! How the site and the target are reached: a name that only the target resolves, a gate, a certificate, a bastion.

use std::fs;

use super::support::{Finished, Front, Site, backstay, servers};

/// With the site's address replaced and lines added to the environment.
fn at(site: &Site, url: &str, more: &str) {
    site.edit_config(&format!("url: http://127.0.0.1:{}", site.port), &format!("url: {url}{more}"));
}

#[test]
fn proofs_and_checks_find_a_site_that_only_the_target_can_reach() {
    let site = Site::with_first();
    let before = site.data();
    let gate = "let-me-in \\\"quoted\\\" 100%";
    let front = Front::gated(&site, "shop.invalid", &gate.replace('\\', "\\\\").replace("\\\\\"", "\\\""));
    let url = format!("http://shop.invalid:{}", front.port);
    let headers = format!("headers: {{ X-Gate: \"{gate}\" }}");

    at(&site, &url, &format!("\n    http: {{ from: target, resolve: 127.0.0.1, {headers} }}"));
    let run = site.deploy_of(&["good"], "2222222", &[]).is(0);
    run.says("503 proven").says("200 seen");
    assert!(!run.stderr.contains("let-me-in") && !run.stdout.contains("let-me-in"));

    // asked from here the name leads nowhere; the target still proves maintenance
    site.edit_config("from: target, ", "");
    let run = site.deploy_of(&["good"], "3333333", &[]).is(10);
    assert_eq!(run.outcome()["failed_step"], "smoke");
    run.says("no answer");
    // without the header users' maintenance cannot be seen
    site.edit_config(&format!(", {headers}"), "");
    let run = site.deploy_of(&["good", "slow"], "4444444", &[]).is(10);
    assert_eq!(run.outcome()["failed_step"], "maintenance-on");
    run.says("answers 401, not 503");
    assert!(site.data().contains("phone") && site.data() != before);
    assert_eq!(site.live_revision().as_deref(), Some("2222222"));
}

#[test]
fn a_certificate_is_judged_by_a_real_handshake() {
    for (days, authority, code, said) in [
        (90, true, 0, "valid for 89 days yet"),
        (5, true, 10, "valid for 4 days yet, fewer than 14"),
        (90, false, 10, "the handshake failed"),
    ] {
        let site = Site::with_first();
        let front = Front::with_certificate(&site, days);
        site.configure("smoke: { checks: [ { tls: { days: 14 } } ] }\n");
        at(&site, &format!("https://localhost:{}", front.port), "");
        let artifact = site.artifact(&[], "2222222").display().to_string();
        let mut command =
            backstay(&site.runner, &["deploy", "--json", "--artifact", &artifact, "--revision", "2222222"]);
        if authority {
            command.env("SSL_CERT_FILE", &front.authority);
        }
        Finished::of(&command.output().expect("the binary is built")).is(code).says(said);
        let live = if code == 0 { "2222222" } else { "1111111" };
        assert_eq!(site.live_revision().as_deref(), Some(live));
    }
}

#[test]
fn a_certificate_that_only_the_target_can_reach_is_judged_through_it() {
    let site = Site::with_first();
    let front = Front::with_certificate(&site, 90);
    site.configure("smoke: { checks: [ { tls: { days: 14 } } ] }\n");
    at(&site, &format!("https://shop.invalid:{}", front.port), "\n    http: { from: target, resolve: 127.0.0.1 }");
    let deploy = |revision: &str, days: &str| {
        let artifact = site.artifact(&[], revision).display().to_string();
        let mut command =
            backstay(&site.runner, &["deploy", "--json", "--artifact", &artifact, "--revision", revision]);
        command.env("SSL_CERT_FILE", &front.authority);
        Finished::of(&command.output().expect("the binary is built")).says(days);
    };
    deploy("2222222", "valid for 89 days yet");
    assert_eq!(site.live_revision().as_deref(), Some("2222222"));
    site.edit_config("from: target, ", "");
    deploy("3333333", "no answer");
    assert_eq!(site.live_revision().as_deref(), Some("2222222"));
}

#[test]
fn a_deploy_goes_through_a_bastion_whose_key_is_checked_too() {
    let site = Site::with_first();
    let servers = servers();
    let known = servers.known_hosts();
    let bastion = servers.bastion_known_hosts();
    let jump = format!("jump: backstay-deploy@127.0.0.1:{}\n    path: ", servers.bastion_port);
    site.edit_config("path: ", &jump);

    // the target's key alone does not do
    let run = site.deploy("2222222", &[]).is(3);
    run.says("ssh-keyscan").says(&servers.bastion_port.to_string());
    // another key than the bastion's
    let stranger = fs::read_to_string(servers.folder.join("stranger.pub")).expect("ours");
    let wrong = format!("[127.0.0.1]:{} {}", servers.bastion_port, stranger.trim());
    site.edit_config(&format!("\"{known}\""), &format!("\"{known}\\n{wrong}\""));
    site.deploy("2222222", &[]).is(3).says("ssh-keygen -lf");
    assert_eq!(site.journals().len(), 1);

    site.edit_config(&wrong, &bastion);
    site.deploy_of(&["good"], "2222222", &[]).is(0);
    assert_eq!(site.live_revision().as_deref(), Some("2222222"));
    // and nobody gets past the bastion to a port where nobody listens
    site.edit_config(&format!("port: {}\n", servers.ssh_port), "port: 1\n");
    let run = site.deploy("3333333", &[]).is(3);
    assert_eq!(run.outcome()["outcome"], "refused");
}
