//! The REST face of a service, spoken to from outside.

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use super::{client, shared};

/// Client of one service's REST API.
pub(crate) struct Api {
    base: String,
    client: Client,
}

/// Complete response of a service.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Api {
    /// The service called `name` of the shop all tests share.
    pub(crate) fn of(name: &str) -> Self {
        Self::at(&shared::url(name))
    }

    /// The service at `url`.
    pub(crate) fn at(url: &str) -> Self {
        Self::with(url, client())
    }

    /// The service at `url`, spoken to through `client`.
    pub(crate) fn with(url: &str, client: Client) -> Self {
        Self {
            base: url.to_owned(),
            client,
        }
    }

    /// A request to be finished.
    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method: Method = method.parse().unwrap();
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// Sends a request without a body.
    pub(crate) async fn call(&self, method: &str, path: &str) -> Answer {
        Answer::to(self.request(method, path)).await
    }

    /// Sends a `GET` request.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path).await
    }

    /// Sends a request with a JSON body.
    pub(crate) async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        Answer::to(self.request(method, path).json(body)).await
    }

    /// Sends JSON by `POST`.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, body).await
    }

    /// Sends `body` as it stands, under the name of `media_type`.
    pub(crate) async fn post_raw(
        &self,
        path: &str,
        media_type: &str,
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let request = self.request("POST", path).header(CONTENT_TYPE, media_type);
        Answer::to(request.body(body.into())).await
    }
}

impl Answer {
    /// The answer to `request`.
    pub(crate) async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap().into(),
        }
    }

    /// The answer, when its status is `status`.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    pub(crate) fn text(&self) -> String {
        super::text(&self.body)
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let json = serde_json::from_slice(&self.body);
        json.unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// A header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn media_type(&self) -> &str {
        self.header("content-type")
    }

    /// The cookie called `name` as it is set, with its attributes.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let set = self.headers.get_all("set-cookie").iter();
        let mut set = set.map(|cookie| cookie.to_str().unwrap());
        set.find(|cookie| cookie.starts_with(&format!("{name}=")))
            .map(str::to_owned)
    }

    /// Fails unless this is an error as the front-end words them.
    #[track_caller]
    pub(crate) fn assert_plain_error(&self) {
        let error = self.json();
        assert!(self.status >= 400, "{error}");
        assert_eq!(error["error"], serde_json::json!({}), "{error}");
        let message = error["message"].as_str().unwrap_or_default();
        assert!(!message.is_empty(), "{error}");
    }

    /// Fails unless this is an error as the Go services worded them.
    #[track_caller]
    pub(crate) fn assert_go_error(&self) {
        let error = self.json();
        assert!(self.status >= 400, "{error}");
        assert_eq!(error["status_code"], self.status, "{error}");
        for key in ["error", "status_text"] {
            let words = error[key].as_str().unwrap_or_default();
            assert!(!words.is_empty(), "{key}: {error}");
        }
    }

    /// Fails unless this is an error as Spring worded them.
    #[track_caller]
    pub(crate) fn assert_spring_error(&self) {
        let error = self.json();
        assert!(self.status >= 400, "{error}");
        assert_eq!(error["status"], self.status, "{error}");
        assert!(error["timestamp"].is_u64(), "{error}");
        for key in ["error", "message", "path"] {
            let words = error[key].as_str().unwrap_or_default();
            assert!(!words.is_empty(), "{key}: {error}");
        }
    }

    /// Fails unless this is a `/health` with these `entries`, all well, each
    /// with the field `time` names.
    #[track_caller]
    pub(crate) fn assert_healthy(&self, entries: &[&str], time: &str) {
        assert_eq!(
            self.health(time),
            entries
                .iter()
                .map(|name| format!("{name} OK"))
                .collect::<Vec<_>>()
        );
    }

    /// The entries of a `/health`, such as `carts OK`.
    #[track_caller]
    pub(crate) fn health(&self, time: &str) -> Vec<String> {
        assert_eq!(self.status, 200);
        let json = self.json();
        let entries = json["health"].as_array().unwrap();
        for entry in entries {
            assert!(entry[time].as_str().unwrap().starts_with("20"), "{entry}");
        }
        let word = |entry: &Value, key| entry[key].as_str().unwrap_or_default().to_owned();
        let words = entries
            .iter()
            .map(|entry| format!("{} {}", word(entry, "service"), word(entry, "status")));
        words.collect()
    }
}

/// Every key in `json`, at any depth.
pub(crate) fn keys(json: &Value) -> Vec<&str> {
    match json {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| [vec![key.as_str()], keys(value)].concat())
            .collect(),
        Value::Array(list) => list.iter().flat_map(keys).collect(),
        _ => Vec::new(),
    }
}
