// What can be said of a page's access without a person: names, headings, landmarks, contrast, width. Returns a list of what is wrong.
const wrong = [];
const say = (element, why) => wrong.push(`${why}: ${element.outerHTML.slice(0, 120)}`);
const seen = (element) => element.getClientRects().length > 0 && getComputedStyle(element).visibility !== "hidden";
const all = (selector) => [...document.querySelectorAll(selector)];

// What is folded is looked at, too.
for (const folded of all("details")) folded.open = true;

// Names.
if (!document.documentElement.lang) wrong.push("the page has no language");
if (!document.title.trim()) wrong.push("the page has no title");
for (const field of all("input:not([type=hidden]), select, textarea"))
  if (![...field.labels].some((label) => label.textContent.trim())) say(field, "a field without a label");
for (const button of all("button, a[href], summary"))
  if (!button.textContent.trim() && !button.getAttribute("aria-label")) say(button, "a control without a name");
for (const drawing of all("svg"))
  if (drawing.getAttribute("aria-hidden") !== "true" && !drawing.querySelector("title")) say(drawing, "a drawing without words");
for (const table of all("table")) {
  if (!table.caption) say(table, "a table without a caption");
  for (const head of table.querySelectorAll("th")) if (!head.scope) say(head, "a heading of a table without a scope");
}
for (const [attribute, reference] of [["aria-labelledby", "id"], ["for", "id"], ["list", "id"]])
  for (const element of all(`[${attribute}]`))
    if (!document.getElementById(element.getAttribute(attribute))) say(element, `${attribute} names nothing`);
const ids = all("[id]").map((element) => element.id);
for (const id of new Set(ids)) if (ids.filter((other) => other === id).length > 1) wrong.push(`two elements are called ${id}`);

// Order.
if (all("main").length !== 1) wrong.push("there is not one main");
if (all("h1").length !== 1) wrong.push("there is not one h1");
let level = 0;
for (const heading of all("h1, h2, h3, h4, h5, h6")) {
  const next = Number(heading.tagName[1]);
  if (next > level + 1) say(heading, `a heading skips from ${level} to ${next}`);
  level = next;
}
for (const element of all("[tabindex]")) if (element.tabIndex > 0) say(element, "an order of its own");
for (const element of all("[style], [onclick], script")) say(element, "what the policy for content would refuse");

// Contrast: 4.5 for text, 3 for large text (WCAG 2.2, 1.4.3).
const channel = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const light = ([r, g, b]) => 0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const colour = (text) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = text;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
};
const over = (top, below) => [0, 1, 2].map((at) => top[at] * top[3] + below[at] * (1 - top[3]));
const behind = (element) => {
  const layers = [];
  for (let at = element; at; at = at.parentElement) layers.push(colour(getComputedStyle(at).backgroundColor));
  return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
};
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
let measured = 0;
while (texts.nextNode()) {
  const element = texts.currentNode.parentElement;
  if (!texts.currentNode.textContent.trim() || !seen(element) || element.closest("datalist, option, title")) continue;
  const style = getComputedStyle(element);
  const base = behind(element);
  const front = over(colour(element.closest("svg") ? style.fill : style.color), base);
  const [one, other] = [light(front), light(base)].sort((a, b) => b - a);
  const size = parseFloat(style.fontSize);
  const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
  const ratio = (one + 0.05) / (other + 0.05);
  measured += 1;
  const place = document.createRange();
  place.selectNodeContents(texts.currentNode);
  if (place.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && !element.closest(".unseen, .skip"))
    say(element, "a text that is cut off");
  if (ratio < needed) say(element, `a contrast of ${ratio.toFixed(2)} where ${needed} is needed`);
}
if (measured < 3) wrong.push(`only ${measured} texts could be measured`);

// Width, and room for fingers.
const page = document.documentElement;
if (page.scrollWidth > page.clientWidth) {
  const far = all("body *").filter((element) => element.getBoundingClientRect().right > page.clientWidth + 1 && !element.closest(".unseen, .skip"));
  wrong.push(`it scrolls sideways, ${page.scrollWidth} in ${page.clientWidth}: ${far.slice(0, 3).map((element) => element.outerHTML.slice(0, 100))}`);
}
for (const button of all("button")) {
  const box = button.getBoundingClientRect();
  if (seen(button) && (box.height < 24 || box.width < 24)) say(button, "too small for a finger");
}
return wrong;
