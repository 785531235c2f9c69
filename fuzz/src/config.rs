//! `backstay.yml`: it is read or refused with a place in it, and what is read can be planned or refused.

use std::path::Path;

use backstay::{
    config::{Source, load},
    plan::{Facts, build},
};

use super::job::request;

pub fn take(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let source = Source { name: "backstay.yml", text, folder: Path::new("/srv/checkout") };
    // what a variable holds is as foreign as the file: some are not set
    let variable = |name: &str| (name.len() % 3 != 0).then(|| format!("a'b\n\"{{{name}: $X}}"));
    for environment in [None, Some("staging"), Some("production")] {
        match load(source, environment, &variable) {
            Ok(config) => {
                let digest = config.digest();
                assert!(digest.len() == 64 && digest == config.clone().digest());
                assert!(!config.shown().is_empty());
                let probed = Facts { probed: true, ..Facts::default() };
                for facts in [Facts::default(), probed] {
                    match build(&config, &facts, &request()) {
                        Ok(plan) => assert_eq!(plan.summary().steps.len(), plan.steps.len()),
                        Err(refusals) => assert!(!refusals.is_empty(), "refused for no reason"),
                    }
                }
            }
            Err(error) => {
                let said = error.to_string();
                assert!(said.starts_with("backstay.yml") && !error.message.is_empty(), "{said:?}");
                if let Some((line, column)) = error.place {
                    // YAML 1.1 ends a line at these as well
                    let lines = text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).count();
                    assert!(line >= 1 && column >= 1 && line <= lines + 1, "{line}:{column} of {lines} lines");
                }
            }
        }
    }
}
