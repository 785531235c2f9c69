//! Every input that lies in `fuzz/corpus`, without a fuzzer: what `./dev prove` starts from, and what it once found.

use std::{fs, path::Path};

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

#[test]
fn what_was_once_found_in_hostile_input_is_not_found_again() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let names = |folder: &str| {
        let entries = fs::read_dir(root.join(folder)).expect("a folder").map(|entry| entry.expect("ours").path());
        let mut names: Vec<String> = entries.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
        names.sort();
        names
    };
    let mut targets = fuzz::TARGETS.map(|(name, _)| name.to_owned()).to_vec();
    targets.sort();
    assert_eq!((names("corpus"), names("fuzz_targets")), (targets.clone(), targets));
    for (target, take) in fuzz::TARGETS {
        let folder = root.join("corpus").join(target);
        let seeds: Vec<_> = fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("ours").path()).collect();
        assert!(seeds.len() >= 3, "{target} has no corpus");
        for seed in seeds {
            let bytes = fs::read(&seed).expect("ours");
            // cut short as well: half a record is what a lost link leaves
            for end in [bytes.len(), bytes.len() / 2] {
                // the name of what fails is the last line before the panic's
                println!("{} to byte {end}", seed.display());
                take(&bytes[..end]);
            }
        }
    }
}
