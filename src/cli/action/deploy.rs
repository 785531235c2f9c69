//! `backstay action deploy`: the command that the inputs name.

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::Parser;

use super::{
    super::{Cli, USAGE, context, context::Usage, failed},
    inputs::Inputs,
    job::Job,
};
use crate::{
    config::Beside,
    github::{Context, KeyFile, commands},
    plan::hex,
    report::{Story, lines},
};

/// How long GitHub may hold this step up: a runner that cancels it waits ten seconds for all of its end.
const FIRST_WORD: Duration = Duration::from_secs(2);

pub(super) async fn run() -> anyhow::Result<u8> {
    let variable = |name: &str| std::env::var(name).ok();
    let context = Context::read(variable)?;
    let inputs = Inputs::read(&context, variable)?;
    let began = Began::with(&context, &inputs, Story::default())?;
    let token = hex(&context::random(16)?);
    print!("{}", commands::stop(&token));
    let code = match began.cli(&inputs, inputs.command_line(&context)) {
        Ok(cli) => match Box::pin(super::super::run(&cli)).await {
            Ok(code) => code,
            Err(error) => failed(&cli.global, &error),
        },
        Err(error) => {
            let text = lines(&format!("{error:#}"));
            println!("{text}");
            began.job.fail(&text);
            USAGE
        }
    };
    print!("{}", commands::resume(&token));
    began.job.change(|story| story.exit_code = Some(code));
    // where this takes longer, the next step tells it
    began.job.tell_end(FIRST_WORD).await;
    Ok(code)
}

/// What both steps begin with. The key is on the disk for as long as this lives.
pub(super) struct Began {
    pub(super) job: Job,
    _key: Option<KeyFile>,
}

impl Began {
    pub(super) fn with(context: &Context, inputs: &Inputs, story: Story) -> anyhow::Result<Self> {
        let key = match &inputs.ssh_key {
            Some(key) => {
                print!("{}", commands::mask(key.expose()));
                Some(KeyFile::write(&inputs.folder, key.expose()).context("the key could not be written")?)
            }
            None => None,
        };
        let beside = Beside {
            identity_file: key.as_ref().map(|key| key.path().to_owned()),
            known_hosts: inputs.known_hosts.clone(),
        };
        let job = Job::new(context, inputs, beside, story);
        Ok(Self { job, _key: key })
    }

    /// A command line as if it had been typed in the app's folder, run as a part of this step.
    pub(super) fn cli(&self, inputs: &Inputs, line: anyhow::Result<Vec<String>>) -> anyhow::Result<Cli> {
        std::env::set_current_dir(&inputs.working_directory).map_err(|error| {
            let folder = inputs.working_directory.display();
            anyhow!(Usage(format!("the input working-directory: {folder} cannot be entered: {error}")))
        })?;
        let mut cli = Cli::try_parse_from(line?).map_err(|error| anyhow!(Usage(error.render().to_string())))?;
        cli.global.job = Some(self.job.clone());
        Ok(cli)
    }
}
