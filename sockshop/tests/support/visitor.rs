//! Somebody at the front door: a jar of cookies, and what they do in the shop.

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Url};
use serde_json::{Value, json};

use super::api::{Answer, Api};
use super::{builder, shared};

/// The product Holy, at 99.99.
pub(crate) const HOLY: &str = "03fef6ac-1896-4ce8-bd69-b798f85c6e0b";

/// The product Colourful, at 18.00.
pub(crate) const COLOURFUL: &str = "3395a43e-2d88-40de-b95f-e00e1502085b";

/// The customer of the seed whom the contract names.
pub(crate) const SEED: &str = "57a98d98e4b00679b4a830b2";

/// A card number that no log and no file may hold.
pub(crate) const CARD: &str = "4929507318462051";

/// A browser without a window. It does not follow redirects.
pub(crate) struct Visitor {
    pub(crate) web: Api,
}

impl Visitor {
    /// Somebody new in the shop all tests share.
    pub(crate) fn new() -> Self {
        Self::at(&shared::shop().url)
    }

    /// Somebody new in the shop at `url`.
    pub(crate) fn at(url: &str) -> Self {
        let client = builder().redirect(Policy::none()).build().unwrap();
        Self {
            web: Api::with(url, client),
        }
    }

    /// A new customer called `name`, signed in, who lacks nothing to buy.
    pub(crate) async fn buyer(name: &str) -> Self {
        Self::new().who_buys(name).await
    }

    /// Becomes a new customer called `name`, who lacks nothing to buy.
    pub(crate) async fn who_buys(self, name: &str) -> Self {
        self.register(name).await;
        self.saves_address().await;
        self.saves_card().await;
        self
    }

    /// Opens an account and returns its id. The password is the name backwards.
    pub(crate) async fn register(&self, name: &str) -> String {
        let account = json!({"username": name, "password": password(name),
            "email": format!("{name}@example.org"), "firstName": "Ada", "lastName": name});
        id(&self.web.post("/register", &account).await.expect(200))
    }

    pub(crate) async fn saves_address(&self) -> String {
        let address = json!({"number": "12", "street": "Mill Lane", "city": "Leeds",
            "postcode": "LS1 1AA", "country": "United Kingdom"});
        id(&self.web.post("/addresses", &address).await.expect(200))
    }

    pub(crate) async fn saves_card(&self) -> String {
        let card = json!({"longNum": CARD, "expires": "11/39", "ccv": "731"});
        id(&self.web.post("/cards", &card).await.expect(200))
    }

    /// `GET /login`, as the original's clients sign in.
    pub(crate) async fn signs_in(&self, name: &str, password: &str) -> Answer {
        let request = self.web.request("GET", "/login");
        Answer::to(request.basic_auth(name, Some(password))).await
    }

    /// Puts one of `product` into the cart.
    pub(crate) async fn wants(&self, product: &str) -> Answer {
        self.web.post("/cart", &json!({"id": product})).await
    }

    pub(crate) async fn cart(&self) -> Value {
        self.web.get("/cart").await.expect(200).json()
    }

    /// `POST /orders` without a body.
    pub(crate) async fn buys(&self) -> Answer {
        self.web.call("POST", "/orders").await
    }

    /// Every order of theirs.
    pub(crate) async fn orders(&self) -> Vec<Value> {
        let orders = self.web.get("/orders").await.expect(201).json();
        orders.as_array().unwrap().clone()
    }

    /// Whose session it is; nothing for a guest.
    pub(crate) async fn username(&self) -> Option<String> {
        let customer = self.web.get("/customers/x").await.expect(200).json();
        customer["username"].as_str().map(str::to_owned)
    }

    /// Asks for a page as browsers do.
    pub(crate) async fn page(&self, path: &str) -> Answer {
        Answer::to(asks_for_html(self.web.request("GET", path))).await
    }

    /// Fills the fields given into the form for `action` on the page at `path`,
    /// leaves the others as they are, and sends it.
    pub(crate) async fn submits(&self, path: &str, action: &str, typed: &[(&str, &str)]) -> Answer {
        let page = self.page(path).await.expect(200).text();
        let mut fields = fields(&page, action);
        for (name, value) in typed {
            fields.retain(|(known, _)| known != name);
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        self.posts(action, &fields).await
    }

    /// The checkout form of a visitor who has an address and a card.
    pub(crate) async fn checkout(&self) -> Vec<(String, String)> {
        let page = self.page("/checkout").await.expect(200).text();
        fields(&page, "/checkout")
    }

    /// Sends a form with nothing but these fields.
    pub(crate) async fn posts(&self, path: &str, fields: &[(String, String)]) -> Answer {
        let mut url = Url::parse("http://shop").unwrap();
        url.query_pairs_mut().extend_pairs(fields);
        let request = self
            .web
            .request("POST", path)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(url.query().unwrap().to_owned());
        Answer::to(asks_for_html(request)).await
    }
}

/// Password that [`Visitor::register`] chooses.
pub(crate) fn password(name: &str) -> String {
    name.chars().rev().chain(" in reverse".chars()).collect()
}

/// What the form for `action` holds when nobody has typed anything.
pub(crate) fn fields(page: &str, action: &str) -> Vec<(String, String)> {
    let begin = page.find(&format!("action=\"{action}\""));
    let begin = begin.unwrap_or_else(|| panic!("no form for {action}: {page}"));
    let form = page[begin..].split("</form>").next().unwrap();
    let tags = form.split("<input ").skip(1);
    let tags = tags.map(|tag| tag.split('>').next().unwrap());
    tags.filter(|tag| !tag.contains("type=\"radio\"") || tag.ends_with(" checked"))
        .map(|tag| (attribute(tag, "name"), attribute(tag, "value")))
        .collect()
}

fn attribute(tag: &str, name: &str) -> String {
    let value = tag.split(&format!("{name}=\"")).nth(1).unwrap_or_default();
    value.split('"').next().unwrap_or_default().to_owned()
}

fn asks_for_html(request: RequestBuilder) -> RequestBuilder {
    request.header(ACCEPT, "text/html,application/xhtml+xml")
}

fn id(answer: &Answer) -> String {
    answer.json()["id"].as_str().unwrap().to_owned()
}
