//! Questions that a person answers by typing a word.

use std::io::{IsTerminal, Write};

use anyhow::anyhow;

use super::{Global, context::Usage};

/// Goes on when the word is typed, or with `--yes`.
pub(super) fn typed(global: &Global, text: &str, word: &str) -> anyhow::Result<()> {
    if global.yes {
        return Ok(());
    }
    if let Some(job) = &global.job {
        return match job.confirm.as_deref() {
            Some(answer) if answer == word => Ok(()),
            Some(_) => Err(anyhow!(Usage(format!("{text}\nThe input `confirm` must be {word}; nothing was changed")))),
            None => {
                Err(anyhow!(Usage(format!("{text}\nAnswer with the input `confirm: {word}`; nothing was changed"))))
            }
        };
    }
    if !std::io::stdin().is_terminal() {
        return Err(anyhow!(Usage(format!("{text}\nThere is no terminal to ask on: say --yes to go on"))));
    }
    eprint!("{text}\nType {word} to go on: ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if answer.trim() == word { Ok(()) } else { Err(anyhow!(Usage("not confirmed; nothing was changed".to_owned()))) }
}
