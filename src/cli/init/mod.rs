//! `backstay init`: a configuration and a workflow out of what a repository holds. It writes new files and never into one that is there.

mod conflicts;
mod detect;
mod django;
mod draft;
mod laravel;
mod page;
mod rails;
mod template;
mod told;
mod tree;

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow};
use clap::Args;

use self::{
    detect::{Framework, NotFound},
    draft::{Draft, WORKFLOWS, Wanted},
    told::Told,
    tree::{Disk, Tree, below},
};
use super::{Global, context::Usage};

const EXAMPLES: &str = "Examples:
  backstay init
  backstay init backend --dry-run
  backstay init -e staging --preset custom

It writes backstay.yml into the app's folder and .github/workflows/deploy-backend.yml into the repository's root. Where one of \
them is there already it stays as it is; beside an existing deploy-backend.yml the workflow is called deploy-backstay.yml. Lines of \
other workflows that conflict with Backstay are listed, which is no failure: the exit code is 0.";

/// What init takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct InitArgs {
    /// The app's folder, or one above it [default: this folder]
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
    /// What the app is made with, where that cannot be seen or is seen wrongly; rails and django are written out with preset custom
    #[arg(long, value_enum)]
    preset: Option<Framework>,
    /// The action that the workflow uses, pinned by a commit
    #[arg(long, value_name = "OWNER/REPO@SHA", value_parser = draft::action)]
    action: Option<String>,
    /// Print what would be written instead of writing it
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(global: &Global, args: &InitArgs) -> anyhow::Result<u8> {
    if global.config.is_some() {
        return Err(usage("init writes backstay.yml into the app's folder: -c has no use here, name the folder"));
    }
    let place = Place::of(args.dir.as_deref().unwrap_or(Path::new(".")))?;
    let disk = Disk { root: place.root.clone() };
    let app = detect::find(&disk, &place.folder, args.preset).map_err(|error| not_found(&error, &place))?;
    let wanted =
        Wanted { repository: &place.name, environment: global.environment.as_deref(), action: args.action.as_deref() };
    let draft = Draft::of(&disk, &app, &wanted).map_err(|error| usage(&error.to_string()))?;
    let page = disk.text(".git/config").as_deref().and_then(page::on_github);
    let told =
        Told { app: &app, draft: &draft, old: old_workflows(&disk), page: page.as_deref(), is_dry: args.dry_run };
    if !args.dry_run {
        for file in &draft.files {
            write_new(&place.root, &file.path, &file.text)?;
        }
    }
    if global.json {
        println!("{}", told.json());
    } else {
        println!("{}", told.text());
    }
    Ok(0)
}

fn usage(text: &str) -> anyhow::Error {
    anyhow!(Usage(text.to_owned()))
}

/// Where to look.
struct Place {
    /// The repository's root; without one, the folder that was named.
    root: PathBuf,
    /// Its name.
    name: String,
    /// The folder that was named, from the root.
    folder: String,
}

impl Place {
    fn of(folder: &Path) -> anyhow::Result<Self> {
        let named = folder.canonicalize().ok().filter(|folder| folder.is_dir());
        let named = named.ok_or_else(|| usage(&format!("{} is no folder", folder.display())))?;
        // in a worktree it is a file
        let root = named.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(&named);
        let folder = named.strip_prefix(root).unwrap_or(Path::new("")).to_str();
        let folder = folder.ok_or_else(|| usage("the folder's name is no text"))?.to_owned();
        let name = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { root: root.to_owned(), name, folder })
    }
}

fn not_found(error: &NotFound, place: &Place) -> anyhow::Error {
    let looked = place.root.join(&place.folder);
    let what = match error {
        NotFound::Nothing => {
            "name the app's folder, `backstay init DIR`, or write for an app of any kind: `backstay init --preset custom`"
        }
        NotFound::Several(_) => "name one: `backstay init DIR`",
    };
    usage(&format!("in {} and three folders below it: {error}; {what}", looked.display()))
}

/// Every workflow that is there, with its text; none where it cannot be read as a text.
fn old_workflows(tree: &impl Tree) -> Vec<(String, Option<String>)> {
    let is_workflow = |name: &String| Path::new(name).extension().is_some_and(|end| end == "yml" || end == "yaml");
    let files = tree.files(WORKFLOWS).into_iter().filter(is_workflow).map(|name| below(WORKFLOWS, &name));
    files.map(|path| (path.clone(), tree.text(&path))).collect()
}

/// Makes a file that is not there yet, with its folders.
fn write_new(root: &Path, path: &str, text: &str) -> anyhow::Result<()> {
    let file = root.join(path);
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    // what came there meanwhile is not overwritten either
    let mut new = std::fs::File::create_new(&file).with_context(|| format!("{} cannot be made", file.display()))?;
    new.write_all(text.as_bytes()).with_context(|| format!("{} cannot be written", file.display()))
}
