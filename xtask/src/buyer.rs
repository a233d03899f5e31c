//! A customer who buys by the front-end's JSON, one purchase after another.

use std::cell::Cell;
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::Response;

/// No answer of the shop may take longer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// A registered customer with an address and a card.
pub(crate) struct Buyer {
    agent: Agent,
    url: String,
    cookies: String,
    product: String,
    registered: Cell<u32>,
}

impl Buyer {
    /// Registers one at the shop at `url`.
    pub(crate) fn register(url: &str) -> anyhow::Result<Self> {
        let config = Agent::config_builder()
            .timeout_global(Some(ANSWER_TIMEOUT))
            .http_status_as_error(false)
            .build();
        let mut buyer = Self {
            agent: config.into(),
            url: url.to_owned(),
            cookies: String::new(),
            product: String::new(),
            registered: Cell::new(0),
        };
        let answer = buyer.post("/register", &account(0))?;
        ensure!(
            answer.status() == 200,
            "/register answers {}",
            answer.status()
        );
        buyer.cookies = cookies(&answer);
        let address = json!({"number": "1", "street": "Quay", "city": "Hull", "postcode": "HU1", "country": "UK"});
        let card = json!({"longNum": "4111111111111111", "expires": "12/39", "ccv": "123"});
        for (path, body) in [("/addresses", address), ("/cards", card)] {
            let answer = buyer.post(path, &body)?;
            ensure!(
                answer.status().is_success(),
                "{path} answers {}",
                answer.status()
            );
        }
        let list: Value = serde_json::from_str(&buyer.get("/catalogue")?)?;
        let product = list[0]["id"].as_str().context("no product")?;
        product.clone_into(&mut buyer.product);
        Ok(buyer)
    }

    /// Registers somebody else, fills the basket and orders: every store is written.
    /// Fails with the first refusal, such as `/orders: 503 temporarily unavailable`.
    pub(crate) fn buy(&self) -> Result<(), String> {
        self.registered.set(self.registered.get() + 1);
        let account = account(self.registered.get());
        for (path, body, done) in [
            ("/register", account, 200),
            // What was put there before an order was refused would be too dear in the end.
            (
                "/cart/update",
                json!({"id": self.product, "quantity": 0}),
                202,
            ),
            ("/cart", json!({"id": self.product}), 201),
            ("/orders", Value::Null, 201),
        ] {
            let answer = self.post(path, &body);
            let mut answer = answer.map_err(|error| format!("{path}: {error:#}"))?;
            let nothing_there = path == "/cart/update" && answer.status() == 404;
            if answer.status() != done && !nothing_there {
                let body = answer.body_mut().read_to_string().unwrap_or_default();
                return Err(format!("{path}: {} {body}", answer.status().as_u16()));
            }
        }
        Ok(())
    }

    /// The cookies of its browser, as a request has them.
    pub(crate) fn cookies(&self) -> &str {
        &self.cookies
    }

    /// The identifier of its latest order.
    pub(crate) fn latest_order(&self) -> anyhow::Result<String> {
        let request = self.agent.get(format!("{}/orders", self.url));
        let mut answer = request.header("cookie", &self.cookies).call()?;
        let orders: Value = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
        let order = orders[0]["_links"]["self"]["href"].as_str();
        let id = order.and_then(|order| order.rsplit('/').next());
        Ok(id.context("no order")?.to_owned())
    }

    /// Registers somebody else. Fails with the refusal.
    pub(crate) fn register_another(&self) -> anyhow::Result<()> {
        self.registered.set(self.registered.get() + 1);
        let answer = self.post("/register", &account(self.registered.get()))?;
        let status = answer.status();
        ensure!(status == 200, "/register answers {status}");
        Ok(())
    }

    /// Looks at the shelves as somebody who has not signed in.
    pub(crate) fn browse(&self) -> anyhow::Result<()> {
        let page = self.agent.get(format!("{}/socks", self.url));
        let page = page.header("accept", "text/html").call()?;
        ensure!(page.status() == 200, "/socks answers {}", page.status());
        Ok(())
    }

    fn post(&self, path: &str, body: &Value) -> anyhow::Result<Response<ureq::Body>> {
        let request = self.agent.post(format!("{}{path}", self.url));
        let mut request = request.header("content-type", "application/json");
        // A registration is somebody else's.
        if path != "/register" {
            request = request.header("cookie", &self.cookies);
        }
        request
            .send(body.to_string())
            .map_err(|error| anyhow!(error))
    }

    fn get(&self, path: &str) -> anyhow::Result<String> {
        let request = self.agent.get(format!("{}{path}", self.url));
        Ok(request.call()?.body_mut().read_to_string()?)
    }
}

fn account(number: u32) -> Value {
    let name = format!("buyer-{}-{number}", std::process::id());
    json!({"username": name, "password": "a password", "email": "buyer@example.org",
        "firstName": "Bea", "lastName": "Buyer"})
}

/// What a browser would send back.
fn cookies(answer: &Response<ureq::Body>) -> String {
    let set = answer.headers().get_all("set-cookie").iter();
    let pairs = set.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
    pairs.collect::<Vec<_>>().join("; ")
}
