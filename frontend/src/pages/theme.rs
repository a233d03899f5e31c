//! Light, dark, or as the visitor's system has it; and the colour of a release.

use axum::http::request::Parts;
use axum::response::Response;
use chassis::Result;
use tower_cookies::cookie::SameSite;
use tower_cookies::cookie::time::Duration;
use tower_cookies::{Cookie, Cookies};

use super::submitted::Form;
use super::{format, go};
use crate::Release;

/// Name of the cookie, which the script sets, too.
pub(crate) const COOKIE: &str = "theme";

/// How a page is lit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Theme {
    /// As the system has it.
    #[default]
    Auto,
    /// Light, whatever the system prefers.
    Light,
    /// Dark, whatever the system prefers.
    Dark,
}

impl Theme {
    fn read(text: &str) -> Self {
        match text {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::Auto,
        }
    }

    /// What the visitor chose earlier.
    pub(super) fn of(parts: &Parts) -> Self {
        let cookies = parts.extensions.get::<Cookies>();
        let cookie = cookies.and_then(|cookies| cookies.get(COOKIE));
        cookie.map_or(Self::Auto, |cookie| Self::read(cookie.value()))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Its name, unless the system decides.
    pub(super) fn forced(self) -> Option<&'static str> {
        (self != Self::Auto).then(|| self.name())
    }

    /// Whether it is the one called `name`.
    pub(super) fn is(self, name: &str) -> bool {
        self.name() == name
    }

    /// Names and labels of all themes.
    #[expect(clippy::unused_self, reason = "templates reach it through a theme")]
    pub(super) fn choices(self) -> [(&'static str, &'static str); 3] {
        [("auto", "Auto"), ("light", "Light"), ("dark", "Dark")]
    }
}

/// `POST /theme`: remembers the chosen theme.
pub(super) async fn choose(cookies: Cookies, form: Form) -> Result<Response> {
    let theme = Theme::read(form.value("theme"));
    let cookie = Cookie::build((COOKIE, theme.name()))
        .path("/")
        .same_site(SameSite::Lax)
        .max_age(Duration::days(365));
    cookies.add(cookie.build());
    Ok(go(format::safe_next(form.value("next"))))
}

/// The strip above every page that tells releases apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Banner {
    /// What the release is called.
    pub name: String,
    /// Its colour, dark enough for white text.
    pub tint: String,
}

/// The first release needs no ribbon.
const USUAL: [&str; 2] = ["v1", env!("CARGO_PKG_VERSION")];

impl Banner {
    /// The ribbon of `release`: of the colour chosen for it, or one made from
    /// its version.
    pub(super) fn of(release: &Release) -> Option<Self> {
        let version = &release.version;
        let theme = release.theme.as_deref().filter(|theme| !theme.is_empty());
        let tint = match theme.unwrap_or(version) {
            "blue" => "#2f6fb0".to_owned(),
            "green" => "#2e7d4f".to_owned(),
            "default" | "none" => return None,
            name if theme.is_none() && USUAL.contains(&name) => return None,
            name => hashed(name),
        };
        let name = match theme {
            Some(theme) if theme != version => format!("{version} ({theme})"),
            _ => version.clone(),
        };
        Some(Self { name, tint })
    }
}

/// A dark colour whose hue depends on every letter of `name` (FNV-1a).
fn hashed(name: &str) -> String {
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    format!("hsl({}, 50%, 30%)", hash % 360)
}

/// The picture on the visitor's tab, in the colour of the release: carried by
/// the page itself, so that it is always of the release that served the page.
pub(super) fn favicon(ribbon: Option<&Banner>) -> String {
    let tint = ribbon.map_or("#b3361e", |ribbon| &ribbon.tint);
    let svg = ICON.replace("TINT", tint);
    format!("data:image/svg+xml,{}", format::encoded(&svg))
}

/// The sock of `static/mark.svg`, without its seams.
pub(super) const ICON: &str = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='228 220 508 508'><path fill='TINT' d='M272 250C264 342 280 411 276 480C273 526 244 560 244 612C244 668 292 700 358 694C426 680 540 696 634 698C700 699 730 668 721 628C713 596 682 580 644 568C606 556 566 547 528 530C474 506 440 462 438 416C435.5 366.2 451 316.4 446 250Z'/></svg>";

#[cfg(test)]
mod tests {
    use super::*;

    fn ribbon(version: &str, theme: Option<&str>) -> Option<Banner> {
        Banner::of(&Release {
            version: version.to_owned(),
            instance: "front-end-1".to_owned(),
            theme: theme.map(str::to_owned),
        })
    }

    #[test]
    fn the_first_release_has_no_ribbon() {
        assert_eq!(ribbon("v1", None), None);
        assert_eq!(ribbon(env!("CARGO_PKG_VERSION"), None), None);
    }

    #[test]
    fn a_ribbon_takes_the_colour_chosen_for_it() {
        let chosen = ribbon("v1", Some("green")).unwrap();
        assert_eq!((&*chosen.name, &*chosen.tint), ("v1 (green)", "#2e7d4f"));
        assert_eq!(ribbon("blue", None).unwrap().tint, "#2f6fb0");
    }

    #[test]
    fn other_releases_are_told_apart_by_their_version() {
        let (one, two) = (
            ribbon("v2", None).unwrap(),
            ribbon("v2-slow", None).unwrap(),
        );
        assert_ne!(one.tint, two.tint);
        assert_eq!(ribbon("v2", None), Some(one));
    }

    #[test]
    fn an_unreadable_theme_is_the_system_s() {
        assert_eq!(Theme::read("dark").forced(), Some("dark"));
        assert_eq!(Theme::read("<script>").forced(), None);
    }
}
