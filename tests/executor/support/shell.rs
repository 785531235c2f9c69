//! The shells that a target may have as `sh`, each in a folder that comes first in the recorded PATH.

use std::{
    fmt, fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Command,
};

/// What `sh` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shell {
    /// Debian's and Ubuntu's.
    Dash,
    /// Fedora's and its relatives': bash that is called `sh`.
    Bash,
    /// Alpine's, with its applets in place of coreutils.
    Busybox,
}

pub const SHELLS: [Shell; 3] = [Shell::Dash, Shell::Bash, Shell::Busybox];

/// A claim under each shell, all at a time.
pub fn under_each_shell(claim: impl Fn(Shell) + Sync) {
    std::thread::scope(|scope| {
        for shell in SHELLS {
            let claim = &claim;
            scope.spawn(move || claim(shell));
        }
    });
}

/// The crontab of a test is a file in its home.
const CRONTAB: &str = r#"#!/bin/dash
[ ! -e "$HOME/crontab-fails" ] || { echo "crontab: cannot read" >&2; exit 1; }
case $1 in
-l) [ -f "$HOME/crontab" ] || { echo "no crontab for tester" >&2; exit 1; }; exec /bin/cat "$HOME/crontab" ;;
-)
	/bin/cat >"$HOME/crontab.new" && /bin/mv "$HOME/crontab.new" "$HOME/crontab"
	read -r up _ </proc/uptime && echo "$up" >>"$HOME/crontab-written"
	;;
-r) /bin/rm -f "$HOME/crontab" ;;
esac
"#;

/// A systemd of the user's own that is there only where a test says so, and what it is told.
const SYSTEMCTL: &str = r#"#!/bin/dash
[ -e "$HOME/has-systemd" ] || exit 1
echo "$XDG_RUNTIME_DIR: $*" >>"$HOME/systemctl"
"#;
const LOGINCTL: &str = r#"#!/bin/dash
[ -e "$HOME/has-systemd" ] || exit 1
echo "$*" >>"$HOME/loginctl"
"#;

/// Where a test says so, the sync of a journal line ends the executor, makes trouble, fails, or knows no files; or what is synced of a
/// folder is kept aside, for a power failure.
const SYNC: &str = r#"#!/bin/dash
if [ -e "$HOME/sync-knows-no-files" ] && [ $# -gt 0 ]; then exit 1; fi
case ${1-} in
*/journal)
	if [ -f "$HOME/kill-at" ] && read -r line <"$HOME/kill-at" && [ "$(/usr/bin/wc -l <"$1")" -eq "$line" ]; then
		/bin/rm "$HOME/kill-at"
		kill -s KILL "$PPID"
	fi
	if [ -f "$HOME/trouble-at" ] && read -r line <"$HOME/trouble-at" && [ "$(/usr/bin/wc -l <"$1")" -eq "$line" ]; then
		/bin/mv "$HOME/trouble-at" "$HOME/trouble-was-at"
		RUN_DIR=${1%/*}
		. "$HOME/trouble"
	fi
	if [ -f "$HOME/sync-fails-at" ] && read -r fact <"$HOME/sync-fails-at"; then
		case $(/usr/bin/tail -n 1 "$1") in *" $fact #"*) exit 1 ;; esac
	fi
	;;
esac
if [ -f "$HOME/kill-before-start" ]; then
	/bin/rm "$HOME/kill-before-start"
	kill -s KILL "$PPID"
fi
if [ -f "$HOME/keeps-synced" ]; then
	root=$(/bin/cat "$HOME/keeps-synced")
	for file; do
		file=$(/usr/bin/realpath "$file")
		case $file in "$root"/*) ;; *) continue ;; esac
		[ -f "$file" ] || continue
		kept=$HOME/synced/${file#"$root"/}
		# whole or not at all: whoever ends this here must not take back what was synced before
		/bin/mkdir -p "${kept%/*}" && /bin/cp "$file" "$kept.$$" && /bin/mv "$kept.$$" "$kept"
	done
fi
exit 0
"#;

impl Shell {
    /// The program that is `sh`.
    pub fn program(self) -> &'static str {
        match self {
            Self::Dash => "/usr/bin/dash",
            Self::Bash => "/usr/bin/bash",
            Self::Busybox => "/usr/bin/busybox",
        }
    }

    /// Fills `bin` and says the PATH to use.
    pub fn install(self, bin: &Path) -> String {
        fs::create_dir_all(bin).expect("a folder");
        if self == Self::Busybox {
            let listed = Command::new(self.program()).arg("--list").output().expect("busybox is installed");
            for applet in String::from_utf8_lossy(&listed.stdout).lines() {
                let _ = symlink(self.program(), bin.join(applet));
            }
            // Alpine's has them, Debian's is built without
            for missing in ["flock", "cksum"] {
                let _ = symlink(format!("/usr/bin/{missing}"), bin.join(missing));
            }
        } else {
            symlink(self.program(), bin.join("sh")).expect("a link");
        }
        for (name, text) in [("crontab", CRONTAB), ("systemctl", SYSTEMCTL), ("loginctl", LOGINCTL), ("sync", SYNC)] {
            let _ = fs::remove_file(bin.join(name));
            fs::write(bin.join(name), text).expect("a file");
            fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).expect("ours");
        }
        match self {
            Self::Dash | Self::Bash => format!("{}:/usr/bin:/bin", bin.display()),
            Self::Busybox => bin.display().to_string(),
        }
    }
}

impl fmt::Display for Shell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dash => "dash",
            Self::Bash => "bash",
            Self::Busybox => "busybox",
        })
    }
}
