//! Artifacts out of the fixture's app.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::servers::run;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// The app with variants laid over it, as a folder `name` in `folder`.
pub fn artifact(folder: &Path, name: &str, variants: &[&str], revision: &str) -> PathBuf {
    let to = folder.join(name);
    if to.exists() {
        fs::remove_dir_all(&to).expect("ours");
    }
    run(Command::new("cp").arg("-r").arg(fixtures().join("shop")).arg(&to));
    for variant in variants {
        run(Command::new("cp").arg("-r").arg(fixtures().join("variants").join(variant).join(".")).arg(&to));
    }
    fs::write(to.join("REVISION"), format!("{revision}\n")).expect("ours");
    to
}

/// A tar of a folder, compressed by what its name ends with.
pub fn tar_of(folder: &Path, name: &str) -> PathBuf {
    let to = folder.with_file_name(name);
    run(Command::new("tar").arg("-caf").arg(&to).arg("-C").arg(folder).arg("."));
    to
}
