// What visitors do, with and without JavaScript.

import { strict as assert } from "node:assert";

let count = 0;
export const someone = () => `visitor${process.pid}x${(count += 1)}`;

export async function register(page, username) {
  await page.getByLabel("Username").fill(username);
  await page.getByLabel("Password").fill("a sentence will do nicely");
  await page.getByLabel("First name").fill("Ada");
  await page.getByLabel("Last name").fill("Moss");
  await page.getByLabel("E-mail").fill("ada@example.org");
  await page.getByRole("button", { name: "Open account" }).click();
}

export async function signIn(page, username = "user", password = "password") {
  await page.goto("/sign-in");
  await page.getByLabel("Username").fill(username);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("main").getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("link", { name: "Signed in as" }).waitFor();
}

export async function fillAddress(page) {
  await page.getByLabel("House number or name").fill("12b");
  await page.getByLabel("Street").fill("Mill Lane");
  await page.getByLabel("Town or city").fill("Leeds");
  await page.getByLabel("Postcode").fill("LS1 1AA");
  await page.getByLabel("Country").fill("United Kingdom");
}

export async function fillCard(page) {
  await page.getByLabel("Card number").fill("4000 1234 1234 1234");
  await page.getByLabel("Expiry date").fill("11/31");
  await page.getByLabel("Security code").fill("123");
}

// The name of the button that adds a sock.
export const toBasket = (sock) => new RegExp(`^Add to basket\\s*: ${sock}$`);

// Waits for the badge of the basket to show a number.
export async function inBasket(page, number) {
  await page.locator("[data-basket]", { hasText: new RegExp(`^${number}\\b`) }).waitFor();
}

// Empties the basket, whatever is in it.
export async function emptyBasket(page) {
  await page.goto("/basket");
  const remove = page.getByRole("button", { name: /^Remove/ });
  while (await remove.count() > 0) await remove.first().click();
}

// The step of the timeline that carries a time, by its name.
export const done = (page, step) => page.locator("#timeline li.done", { hasText: step });

// Asks again, as the page offers without JavaScript, until the order is shipped.
export async function checkUntilShipped(page) {
  const deadline = Date.now() + 30_000;
  while (await done(page, "Shipped").count() === 0) {
    assert.ok(Date.now() < deadline, "the order was not shipped in time");
    await page.getByRole("link", { name: "Check again" }).click();
  }
}
