// Buying socks.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { keepPicture, openShop, violations, visitor } from "./shop.mjs";
import { done, checkUntilShipped, emptyBasket, fillAddress, fillCard, inBasket, register, signIn, someone, toBasket } from "./journeys.mjs";

const shop = openShop();

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "" : " without JavaScript";

  test(`a guest fills a basket, registers at the checkout and buys${how}`, async () => {
    const page = await visitor(shop, { javaScriptEnabled });
    await page.goto("/");
    await page.getByRole("button", { name: toBasket("Colourful") }).click();
    await inBasket(page, 1);
    await page.goto("/socks");
    await page.getByRole("link", { name: "Nerd leg" }).click();
    await page.getByLabel("Pairs").fill("2");
    await page.locator(".buy").getByRole("button", { name: "Add to basket" }).click();
    await inBasket(page, 3);
    await page.getByRole("link", { name: /^Basket/ }).click();
    assert.match(await page.locator(".sums").innerText(), /£38\.97/);
    await page.getByRole("link", { name: "Proceed to checkout" }).click();
    await page.getByRole("link", { name: "Open an account" }).click();
    await register(page, someone());
    await page.getByRole("heading", { name: "Where to" }).or(page.getByText("Where to")).first().waitFor();
    await inBasket(page, 3);

    // An incomplete order keeps what was typed, and says what is missing.
    await fillAddress(page);
    await page.getByLabel("Card number").fill("41");
    await page.getByRole("button", { name: "Place order" }).click();
    await page.getByRole("alert").waitFor();
    assert.equal(await page.getByLabel("Street").inputValue(), "Mill Lane");
    assert.equal(await page.getByLabel("Card number").getAttribute("aria-invalid"), "true");

    await fillCard(page);
    await page.getByRole("button", { name: "Place order" }).click();
    await page.getByRole("heading", { name: /^Order / }).waitFor();
    if (javaScriptEnabled) await done(page, "Shipped").waitFor({ timeout: 30_000 });
    else await checkUntilShipped(page);
    assert.match(await page.locator(".receipt").innerText(), /£38\.97[^]*Mill Lane[^]*1234/);
    await keepPicture(page, `receipt${javaScriptEnabled ? "" : "-without-javascript"}`);
    await inBasket(page, 0);
    // A refused form is an answer, although Chromium notes its status.
    assert.deepEqual(page.errors.filter((error) => !error.includes("status of 422")), []);
    await page.leave();
  });

  test(`a customer signs in, changes a quantity, orders and finds the order again${how}`, async () => {
    const page = await visitor(shop, { javaScriptEnabled });
    await signIn(page);
    await emptyBasket(page);
    await page.goto("/socks?q=classic");
    await page.getByRole("button", { name: toBasket("Classic") }).click();
    await inBasket(page, 1);
    await page.goto("/basket");
    await page.getByRole("button", { name: "One more Classic" }).click();
    await inBasket(page, 2);
    assert.match(await page.locator(".sums").innerText(), /£28\.99/);
    await page.getByRole("link", { name: "Proceed to checkout" }).click();
    await page.getByRole("button", { name: "Place order" }).click();
    const number = await page.getByRole("heading", { name: /^Order / }).innerText();
    if (javaScriptEnabled) await done(page, "Shipped").waitFor({ timeout: 30_000 });
    else await checkUntilShipped(page);
    await page.getByRole("link", { name: "My orders" }).first().click();
    await page.getByText("Your orders in one place.").waitFor();
    await page.getByRole("link", { name: number.replace("Order ", "") }).waitFor();
    await page.goto("/account");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("link", { name: "Sign in" }).first().waitFor();
    await page.leave();
  });
}

test("socks can be bought with the keyboard alone", async () => {
  const page = await visitor(shop);
  // Presses Tab until what has the focus is called so, as a person without a mouse would.
  const reach = async (name) => {
    for (let presses = 0; presses < 80; presses += 1) {
      await page.keyboard.press("Tab");
      const focus = await page.evaluate(() => {
        const one = document.activeElement;
        const label = one.labels?.[0]?.textContent ?? "";
        return [one.getAttribute("aria-label"), label, one.textContent].map((text) => (text ?? "").trim()).find(Boolean) ?? "";
      });
      if (focus.startsWith(name)) return;
    }
    assert.fail(`${name} was not reached`);
  };
  await page.goto("/");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main", "the skip link leads to the socks");
  await reach("Add to basket: SuperSport XL");
  await page.keyboard.press("Enter");
  await inBasket(page, 1);
  await page.goto("/register?next=/checkout");
  for (const [label, text] of [["Username", someone()], ["Password", "a sentence will do nicely"]]) {
    await reach(label);
    await page.keyboard.type(text);
  }
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Place order" }).waitFor();
  for (const [label, text] of [
    ["House number or name", "1"], ["Street", "Key Road"], ["Town or city", "Tab"], ["Postcode", "T1"], ["Country", "UK"],
    ["Card number", "4000123412341234"], ["Expiry date", "11/31"], ["Security code", "123"],
  ]) {
    await reach(label);
    await page.keyboard.type(text);
  }
  await reach("Place order");
  await page.keyboard.press("Enter");
  await done(page, "Shipped").waitFor({ timeout: 30_000 });
  await page.leave();
});

test("the list is filtered as one types, and the address keeps the filter", async () => {
  const page = await visitor(shop);
  await page.goto("/socks");
  await page.getByLabel("Search").pressSequentially("argyle");
  await page.getByRole("heading", { name: "1 sock" }).waitFor();
  assert.equal(new URL(page.url()).searchParams.get("q"), "argyle");
  assert.equal(await page.evaluate(() => document.activeElement.id), "q", "the focus stays in the field");
  await page.reload();
  await page.getByRole("link", { name: "Figueroa" }).waitFor();
  assert.deepEqual(page.errors, []);
  await page.leave();
});

test("a dear order is declined in plain words, and nothing typed is lost", async () => {
  const page = await visitor(shop);
  await page.goto("/register");
  await register(page, someone());
  await page.goto("/socks?q=holy");
  await page.getByRole("button", { name: toBasket("Holy") }).click();
  await inBasket(page, 1);
  await page.goto("/socks?q=classic");
  await page.getByRole("button", { name: toBasket("Classic") }).click();
  await inBasket(page, 2);
  await page.goto("/checkout");
  await fillAddress(page);
  await fillCard(page);
  await page.getByRole("button", { name: "Place order" }).click();
  await page.getByRole("alert").filter({ hasText: /declined: amount exceeds 105\.00/ }).waitFor();
  assert.match(await page.locator("main").innerText(), /Mill Lane/);
  await page.leave();
});

test("a basket that changed in another window is shown again before it is ordered", async () => {
  const page = await visitor(shop);
  await page.goto("/register");
  await register(page, someone());
  await page.goto("/socks?q=classic");
  await page.getByRole("button", { name: toBasket("Classic") }).click();
  await inBasket(page, 1);
  await page.goto("/checkout");
  await fillAddress(page);
  await fillCard(page);
  const other = await page.context().newPage();
  await other.goto("/socks?q=classic");
  await other.getByRole("button", { name: toBasket("Classic") }).click();
  await inBasket(other, 2);
  await other.close();

  await page.getByRole("button", { name: "Place order" }).click();
  await page.getByRole("alert").filter({ hasText: /changed while you were deciding\. Nothing is ordered yet/ }).waitFor();
  assert.match(await page.locator(".sums").innerText(), /£28\.99/);
  assert.match(await page.locator("main").innerText(), /Mill Lane/);
  await keepPicture(page, "changed-basket");
  await page.getByRole("button", { name: "Place order" }).click();
  await page.getByRole("heading", { name: /^Order / }).waitFor();
  assert.match(await page.locator(".receipt").innerText(), /£28\.99/);
  await page.leave();
});

test("a basket open in two tabs is bought once, and the second tab leads to the order", async () => {
  const page = await visitor(shop);
  await page.goto("/register");
  await register(page, someone());
  await page.goto("/socks?q=classic");
  await page.getByRole("button", { name: toBasket("Classic") }).click();
  await inBasket(page, 1);
  await page.goto("/checkout");
  const second = await page.context().newPage();
  await second.goto("/checkout");
  for (const tab of [page, second]) {
    await fillAddress(tab);
    await fillCard(tab);
  }
  await page.getByRole("button", { name: "Place order" }).click();
  const number = await page.getByRole("heading", { name: /^Order / }).innerText();

  await second.getByRole("button", { name: "Place order" }).click();
  await second.getByRole("heading", { name: "This basket is bought already" }).waitFor();
  assert.deepEqual(await violations(second), []);
  await keepPicture(second, "bought-already");
  await second.getByRole("link", { name: "See your order" }).click();
  await second.getByRole("heading", { name: number }).waitFor();
  await second.goto("/account/orders");
  assert.equal(await second.locator("a[href^='/account/orders/']").count(), 1);
  await page.leave();
});
