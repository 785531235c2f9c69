//! Presets: YAML fragments that a user could have written, laid under the file.

use super::Preset;

impl Preset {
    /// Every preset; a new one is a file under `presets/`, a variant, and a line here and in [`Preset::fragment`].
    pub const ALL: [Self; 2] = [Self::Laravel, Self::Custom];

    /// Its name in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Laravel => "laravel",
            Self::Custom => "custom",
        }
    }

    /// What it fills in, as YAML.
    pub const fn fragment(self) -> &'static str {
        match self {
            Self::Laravel => include_str!("presets/laravel.yml"),
            Self::Custom => include_str!("presets/custom.yml"),
        }
    }
}
