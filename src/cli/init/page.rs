//! Git's configuration of a repository → its page on GitHub. A token that stands in an address is no part of the page.

/// The page of the remote `origin`, where that is on github.com.
pub(super) fn on_github(git_config: &str) -> Option<String> {
    let origin = git_config.split("[remote \"origin\"]").nth(1)?;
    let mut lines = origin.lines().map(str::trim).take_while(|line| !line.starts_with('['));
    let url = lines.find_map(|line| line.strip_prefix("url")?.trim_start().strip_prefix('='))?.trim();
    let path = match url.split_once("://") {
        Some((_, rest)) => {
            let (host, path) = rest.split_once('/')?;
            (host.rsplit('@').next() == Some("github.com")).then_some(path)?
        }
        None => url.split_once('@')?.1.strip_prefix("github.com:")?,
    };
    let (owner, name) = path.trim_end_matches('/').trim_end_matches(".git").split_once('/')?;
    let is_name =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    (is_name(owner) && is_name(name)).then(|| format!("https://github.com/{owner}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(url: &str) -> Option<String> {
        on_github(&format!(
            "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = {url}\n\tfetch = x\n[branch \"main\"]\n"
        ))
    }

    #[test]
    fn the_page_is_known_from_every_form_of_the_address() {
        for url in [
            "git@github.com:acme/shop.git",
            "ssh://git@github.com/acme/shop",
            "https://github.com/acme/shop.git",
            "https://x-access-token:secret@github.com/acme/shop/",
        ] {
            assert_eq!(page(url).as_deref(), Some("https://github.com/acme/shop"), "{url}");
        }
    }

    #[test]
    fn what_is_elsewhere_has_no_page() {
        for url in [
            "git@example.com:acme/shop.git",
            "https://github.com.example.com/acme/shop",
            "/srv/git/shop",
            "git@github.com:a b/c",
            "",
        ] {
            assert_eq!(page(url), None, "{url}");
        }
        assert_eq!(on_github("[core]\n[branch \"main\"]\nurl = git@github.com:acme/shop.git\n"), None);
    }
}
