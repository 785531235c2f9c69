//! A web server in front of one site, with a name, a gate or a certificate of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    Site,
    servers::{Held, fpm, free_port, hold_server, run, servers, text, wait_for, wait_for_file},
    watch::get,
};

/// One more nginx for a site, on a port of its own.
pub struct Front {
    pub port: u16,
    /// The authority that signed the certificate.
    pub authority: PathBuf,
    _server: Held,
    _workers: Option<Held>,
}

impl Front {
    /// Serves a name only, and only to those who send the header `X-Gate` with that value.
    pub fn gated(site: &Site, name: &str, gate: &str) -> Self {
        let rules = format!("server_name {name};\nif ($http_x_gate != \"{gate}\") {{ return 401; }}\n");
        let other = "server { listen 127.0.0.1:PORT default_server; return 421; }\n";
        Self::start(site, "", &rules, other, &servers().folder)
    }

    /// Serves `localhost` and `shop.invalid` with a certificate that is valid for so many days yet.
    pub fn with_certificate(site: &Site, days: u32) -> Self {
        let folder = &site.marks;
        let make = "cd \"$1\"; ec='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
            openssl req -x509 $ec -keyout ca.key -out ca.pem -days 3650 -subj /CN=authority
            openssl req $ec -keyout site.key -out site.csr -subj /CN=localhost
            printf 'subjectAltName=DNS:localhost,DNS:shop.invalid\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n' >site.ext
            openssl x509 -req -in site.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out site.pem -days \"$2\" -extfile site.ext";
        run(Command::new("sh").args(["-euc", make, "sh"]).arg(folder).arg(days.to_string()));
        let rules = format!("ssl_certificate {0}/site.pem;\nssl_certificate_key {0}/site.key;\n", text(folder));
        Self::start(site, " ssl", &rules, "", &servers().folder)
    }

    /// With PHP workers of its own, to be killed.
    pub fn with_workers(site: &Site) -> Self {
        let workers = Held(fpm(&site.marks));
        wait_for_file(&site.marks.join("fpm.sock"));
        Self { _workers: Some(workers), ..Self::start(site, "", "", "", &site.marks) }
    }

    /// Status and body that a user gets.
    pub fn get(&self, path: &str) -> (u16, String) {
        get(self.port, path)
    }

    fn start(site: &Site, listen: &str, rules: &str, other: &str, workers: &Path) -> Self {
        let (folder, port) = (&site.marks, free_port());
        let config = format!(
            "user www-data;\nworker_processes 1;\npid {0}/front.pid;\nerror_log {0}/front.err;\ndaemon off;\n\
             events {{ worker_connections 64; }}\nhttp {{ access_log off;\n{3}server {{\nlisten 127.0.0.1:{port}{listen};\n{rules}\
             root {1}/current/public;\nlocation / {{ try_files $uri /index.php?$query_string; }}\n\
             location ~ \\.php$ {{ include /etc/nginx/fastcgi_params; fastcgi_param SCRIPT_FILENAME $realpath_root$fastcgi_script_name;\n\
             fastcgi_param DOCUMENT_ROOT $realpath_root; fastcgi_pass unix:{2}/fpm.sock; }}\n}}\n}}\n",
            text(folder),
            text(&site.path),
            text(workers),
            other.replace("PORT", &port.to_string()),
        );
        let file = folder.join(format!("front-{port}.conf"));
        fs::write(&file, config).expect("ours");
        let server = hold_server(&["/usr/sbin/nginx", "-c", &text(&file)], &folder.join("front.log"));
        wait_for(port, folder);
        Self { port, authority: folder.join("ca.pem"), _server: server, _workers: None }
    }
}
