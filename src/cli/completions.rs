//! `backstay completions`

use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// For which shell.
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs) -> anyhow::Result<u8> {
    clap_complete::generate(args.shell, &mut super::Cli::command(), "backstay", &mut std::io::stdout());
    Ok(0)
}
