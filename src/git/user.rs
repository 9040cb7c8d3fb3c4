//! Who works here, as git knows it.

use super::Repo;

impl Repo {
    /// The address in `user.email`, from whichever layer of git's configuration; `None` if there is none.
    pub fn user_email(&self) -> Option<String> {
        let answer = self.ask(&["config", "--get", "user.email"]).ok()?;
        Some(answer.text()).filter(|address| answer.status.success() && !address.trim().is_empty())
    }
}
