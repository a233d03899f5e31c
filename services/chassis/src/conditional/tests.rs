use axum::http::header::{
    CONTENT_TYPE, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE,
};
use http_body_util::BodyExt;

use super::*;

const DATE: &str = "Sat, 29 Oct 1994 19:43:31 GMT";
const EARLIER: &str = "Fri, 28 Oct 1994 19:43:31 GMT";
const LATER: &str = "Sun, 30 Oct 1994 19:43:31 GMT";

fn map(lines: &[(HeaderName, &'static str)]) -> HeaderMap {
    let lines = lines.iter().cloned();
    lines
        .map(|(name, value)| (name, HeaderValue::from_static(value)))
        .collect()
}

fn picture(tag: &'static str) -> Representation {
    Representation {
        headers: map(&[
            (ETAG, tag),
            (LAST_MODIFIED, DATE),
            (CACHE_CONTROL, "public"),
            (VARY, "accept-encoding"),
            (CONTENT_TYPE, "image/jpeg"),
        ]),
        bytes: Bytes::from_static(b"0123456789"),
    }
}

fn respond(lines: &[(HeaderName, &'static str)]) -> Response {
    picture("\"one\"").respond(&map(lines))
}

fn status(lines: &[(HeaderName, &'static str)]) -> u16 {
    respond(lines).status().as_u16()
}

async fn body(response: Response) -> Bytes {
    response.into_body().collect().await.unwrap().to_bytes()
}

#[test]
fn a_known_tag_is_not_sent_again_however_it_is_written() {
    for known in [
        "\"one\"",
        "W/\"one\"",
        "\"two\", W/\"one\"",
        "*",
        "\"a,b\",\"one\"",
    ] {
        assert_eq!(status(&[(IF_NONE_MATCH, known)]), 304, "{known}");
    }
    for other in ["\"two\"", "one", "\"ONE\"", "W/\"two\", \"three\"", ""] {
        assert_eq!(status(&[(IF_NONE_MATCH, other)]), 200, "{other}");
    }
    let weak = picture("W/\"one\"");
    let asked = map(&[(IF_NONE_MATCH, "\"one\"")]);
    assert_eq!(weak.respond(&asked).status(), StatusCode::NOT_MODIFIED);
}

#[test]
fn not_modified_carries_what_caches_need_and_nothing_of_the_body() {
    let response = respond(&[(IF_NONE_MATCH, "\"one\"")]);
    for name in [ETAG, CACHE_CONTROL, VARY, LAST_MODIFIED] {
        assert!(response.headers().contains_key(&name), "{name}");
    }
    for name in [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_RANGE] {
        assert!(!response.headers().contains_key(&name), "{name}");
    }
}

#[test]
fn a_date_counts_only_without_tags() {
    assert_eq!(status(&[(IF_MODIFIED_SINCE, DATE)]), 304);
    assert_eq!(status(&[(IF_MODIFIED_SINCE, LATER)]), 304);
    assert_eq!(status(&[(IF_MODIFIED_SINCE, EARLIER)]), 200);
    assert_eq!(status(&[(IF_MODIFIED_SINCE, "yesterday")]), 200);
    assert_eq!(
        status(&[(IF_MODIFIED_SINCE, LATER), (IF_NONE_MATCH, "\"two\"")]),
        200
    );
    assert_eq!(
        status(&[(IF_MODIFIED_SINCE, LATER), (IF_NONE_MATCH, "nonsense")]),
        200
    );
}

#[test]
fn whoever_wants_another_version_is_told_so() {
    assert_eq!(status(&[(IF_MATCH, "\"one\"")]), 200);
    assert_eq!(status(&[(IF_MATCH, "*")]), 200);
    assert_eq!(status(&[(IF_MATCH, "\"two\"")]), 412);
    assert_eq!(
        status(&[(IF_MATCH, "W/\"one\"")]),
        412,
        "a weak tag is not enough"
    );
    assert_eq!(status(&[(IF_UNMODIFIED_SINCE, EARLIER)]), 412);
    assert_eq!(
        status(&[(IF_UNMODIFIED_SINCE, EARLIER), (IF_MATCH, "\"one\"")]),
        200
    );
}

#[tokio::test]
async fn one_range_is_served() {
    for (range, place, bytes) in [
        ("bytes=0-3", "bytes 0-3/10", "0123"),
        ("bytes=7-", "bytes 7-9/10", "789"),
        ("bytes=8-99", "bytes 8-9/10", "89"),
        ("bytes=-2", "bytes 8-9/10", "89"),
        ("bytes=-99", "bytes 0-9/10", "0123456789"),
        ("Bytes=9-9", "bytes 9-9/10", "9"),
    ] {
        let response = respond(&[(RANGE, range)]);
        assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT, "{range}");
        assert_eq!(response.headers()[CONTENT_RANGE], place);
        assert_eq!(response.headers()[CONTENT_LENGTH], bytes.len().to_string());
        assert_eq!(response.headers()[ETAG], "\"one\"");
        assert_eq!(body(response).await, bytes);
    }
}

#[tokio::test]
async fn what_is_no_single_range_of_bytes_gets_the_whole() {
    for range in [
        "lines=1-2",
        "bytes=0-1,4-5",
        "bytes=5-2",
        "bytes=a-b",
        "bytes=",
        "bytes",
        "0-1",
    ] {
        let response = respond(&[(RANGE, range)]);
        assert_eq!(response.status(), StatusCode::OK, "{range}");
        assert_eq!(response.headers()[ACCEPT_RANGES], "bytes");
        assert!(!response.headers().contains_key(CONTENT_RANGE));
        assert_eq!(body(response).await.len(), 10);
    }
}

#[test]
fn a_range_beyond_the_end_is_refused_with_the_length() {
    for range in ["bytes=10-", "bytes=99-100", "bytes=-0"] {
        let response = respond(&[(RANGE, range)]);
        assert_eq!(
            response.status(),
            StatusCode::RANGE_NOT_SATISFIABLE,
            "{range}"
        );
        assert_eq!(response.headers()[CONTENT_RANGE], "bytes */10");
    }
}

#[test]
fn a_range_of_an_older_version_is_the_whole_of_this_one() {
    let range = (RANGE, "bytes=0-3");
    for (condition, expected) in [
        ("\"one\"", 206),
        (DATE, 206),
        ("\"two\"", 200),
        ("W/\"one\"", 200),
        (EARLIER, 200),
        (LATER, 200),
        ("nonsense", 200),
    ] {
        assert_eq!(
            status(&[range.clone(), (IF_RANGE, condition)]),
            expected,
            "{condition}"
        );
    }
    assert_eq!(status(&[(RANGE, "bytes=99-"), (IF_RANGE, "\"two\"")]), 200);
    let weak = picture("W/\"one\"");
    let asked = map(&[range.clone(), (IF_RANGE, "W/\"one\"")]);
    assert_eq!(weak.respond(&asked).status(), StatusCode::OK);
    assert_eq!(status(&[range, (IF_NONE_MATCH, "\"one\"")]), 304);
}
