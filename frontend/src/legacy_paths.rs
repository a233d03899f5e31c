//! Paths the way the original's server treated them: no slash at the end, and
//! plain words for what is not there.

use axum::Router;
use axum::extract::{OriginalUri, Request};
use axum::http::header::LOCATION;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Response};

use crate::{AppState, json};

/// Sends URLs that end in a slash to the same without it, before all else.
pub fn tidy(app: Router) -> Router {
    app.layer(from_fn(redirect))
}

/// Answers what no route of `app` does.
pub fn unknown(app: Router<AppState>) -> Router<AppState> {
    app.fallback(answer).method_not_allowed_fallback(answer)
}

async fn redirect(request: Request, next: Next) -> Response {
    match without_slash(request.uri()) {
        Tidy::Already => next.run(request).await,
        Tidy::Never => json::failure(StatusCode::BAD_REQUEST, "invalid URL to redirect to"),
        Tidy::At(url) => (StatusCode::MOVED_PERMANENTLY, [(LOCATION, url)]).into_response(),
    }
}

#[derive(Debug, PartialEq)]
enum Tidy {
    Already,
    Never,
    At(String),
}

fn without_slash(uri: &Uri) -> Tidy {
    let url = uri.path_and_query().map_or("/", |url| url.as_str());
    let (tidied, to_check) = match (url.strip_suffix('/'), uri.path().strip_suffix('/')) {
        // As the original did, even when the slash is the query's.
        (Some(rest), _) if !rest.is_empty() => (rest.to_owned(), rest),
        (None, Some(path)) if !path.is_empty() => {
            let query = uri.query().unwrap_or_default();
            (format!("{path}?{query}"), path)
        }
        _ => return Tidy::Already,
    };
    // Browsers read `//` and `/\` as the start of another host.
    if to_check.contains("//") || to_check.contains('\\') {
        return Tidy::Never;
    }
    Tidy::At(tidied)
}

/// `Cannot GET /x`; a wrong method on a known path is no different, save that
/// `OPTIONS` lists the right ones.
async fn answer(method: Method, OriginalUri(uri): OriginalUri) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::OK.into_response();
    }
    cannot(&method, &uri)
}

/// The bare page that says so.
pub(crate) fn cannot(method: &Method, uri: &Uri) -> Response {
    let text = escape(&format!("Cannot {method} {}", uri.path()));
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <title>Not found</title>\n</head>\n<body>\n<pre>{text}</pre>\n</body>\n</html>\n"
    );
    (StatusCode::NOT_FOUND, Html(page)).into_response()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tidied(url: &'static str) -> Tidy {
        without_slash(&Uri::from_static(url))
    }

    #[test]
    fn a_slash_at_the_end_is_redirected_away_with_the_query_kept() {
        assert_eq!(tidied("/"), Tidy::Already);
        assert_eq!(tidied("/index.html"), Tidy::Already);
        assert_eq!(tidied("/index.html/"), Tidy::At("/index.html".into()));
        assert_eq!(tidied("/a?next=/b/"), Tidy::At("/a?next=/b".into()));
        let at = |url: &str| Tidy::At(url.to_owned());
        assert_eq!(tidied("/socks/?tags=blue"), at("/socks?tags=blue"));
        assert_eq!(tidied("/?utm_source=x"), Tidy::Already);
        assert_eq!(
            tidied("/socks/?from=http://x.example"),
            at("/socks?from=http://x.example")
        );
    }

    #[test]
    fn redirects_never_lead_to_another_host() {
        assert_eq!(tidied("//index.html/"), Tidy::Never);
        assert_eq!(tidied("//evil.example/"), Tidy::Never);
        assert_eq!(tidied("//evil.example/?a=b"), Tidy::Never);
        assert_eq!(tidied("//"), Tidy::At("/".into()));
    }
}
