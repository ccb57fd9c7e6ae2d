// Draws the reference page from /openapi.json. No framework, and no request to anybody else.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
let api;

/** An element with attributes and children; texts are never parsed as HTML. */
function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return node;
}

function resolve(node) {
  for (let i = 0; node && node.$ref && i < 20; i++) {
    node = node.$ref.slice(2).split("/").reduce((at, part) =>
      at[part.replaceAll("~1", "/").replaceAll("~0", "~")], api);
  }
  return node || {};
}

/** Text in which `code` is marked, as the descriptions have it. */
function prose(text) {
  return (text || "").split(/(`[^`]+`)/).map((part) =>
    part.startsWith("`") && part.length > 2 ? el("code", {}, part.slice(1, -1)) : part);
}

function typeName(raw) {
  const schema = resolve(raw);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.oneOf || schema.anyOf) {
    return (schema.oneOf || schema.anyOf).map(typeName).join(" | ");
  }
  const types = [schema.type].flat().filter((type) => type && type !== "null");
  let name = types.join(" | ") || (schema.properties || schema.allOf ? "object" : "any");
  if (name === "array") name = typeName(schema.items || {}) + "[]";
  if (name === "object" && schema.additionalProperties && !schema.properties) {
    name = "map of " + typeName(schema.additionalProperties);
  }
  if (schema.format) name += ` (${schema.format})`;
  return [schema.type].flat().includes("null") ? name + " | null" : name;
}

/** What a schema says besides its type, in words. */
function limits(raw) {
  const schema = resolve(raw);
  const says = [];
  const range = (least, most, unit) => {
    if (least === undefined && most === undefined) return;
    const bounds = most === undefined ? `${least} or more`
      : least === undefined ? `up to ${most}`
      : least === most ? `${least}` : `${least} to ${most}`;
    says.push(`${bounds}${unit}`);
  };
  range(schema.minLength, schema.maxLength, " bytes");
  range(schema.minimum, schema.maximum, "");
  range(schema.minItems, schema.maxItems, " items");
  if (schema.default !== undefined) says.push(`default ${JSON.stringify(schema.default)}`);
  const choices = schema.enum || (schema.items && resolve(schema.items).enum);
  if (choices) says.push("one of " + choices.map((choice) => JSON.stringify(choice)).join(", "));
  return says.join("; ");
}

/** An allOf as one object. */
function flat(raw) {
  const schema = resolve(raw);
  if (!schema.allOf) return schema;
  const merged = { ...schema, properties: { ...schema.properties }, required: [...(schema.required || [])] };
  for (const part of schema.allOf.map(flat)) {
    Object.assign(merged.properties, part.properties);
    merged.required.push(...(part.required || []));
  }
  return merged;
}

function row(name, raw, required, level) {
  const schema = resolve(raw);
  const note = [];
  if (raw.description || schema.description) note.push(...prose(raw.description || schema.description));
  const rule = limits(raw);
  if (rule) note.push(note.length ? " " : "", el("span", { class: "muted" }, rule));
  return el("tr", {},
    el("td", { class: "name" }, el("span", { class: "level" }, "  ".repeat(level)), name,
      required ? el("span", { class: "must", title: "required" }, "*") : null),
    el("td", { class: "type" }, typeName(raw)),
    el("td", {}, note));
}

function rows(raw, level, seen) {
  const schema = flat(raw);
  if (seen.includes(schema) || level > 4) return [];
  if (schema.oneOf || schema.anyOf) {
    return (schema.oneOf || schema.anyOf).flatMap((part) => rows(part, level, [...seen, schema]));
  }
  if (schema.items) return rows(schema.items, level, [...seen, schema]);
  return Object.entries(schema.properties || {}).flatMap(([name, property]) => [
    row(name, property, (schema.required || []).includes(name), level),
    ...rows(property, level + 1, [...seen, schema]),
  ]);
}

function schemaTable(schema) {
  const lines = rows(schema, 0, []);
  if (lines.length) return el("table", {}, lines);
  return el("p", { class: "muted" }, typeName(schema), " ", limits(schema));
}

function block(title, count, open, ...content) {
  return el("details", open ? { open: "" } : {},
    el("summary", {}, title, count ? el("span", { class: "count" }, `(${count})`) : null),
    el("div", { class: "body" }, content));
}

function answer(status, raw) {
  const response = resolve(raw);
  const parts = [el("p", { class: "answer" },
    el("span", { class: `status s${status[0]}` }, status), prose(response.description), " ",
    el("span", { class: "media" }, Object.keys(response.content || {}).join(", ")))];
  if (status[0] === "2") {
    for (const media of Object.values(response.content || {})) {
      if (media.schema) parts.push(schemaTable(media.schema));
    }
  }
  return parts;
}

function operationView(method, path, operation) {
  const id = operation.operationId;
  const parameters = (operation.parameters || []).map(resolve);
  const body = operation.requestBody && resolve(operation.requestBody);
  const open = Array.isArray(operation.security) && operation.security.length === 0;
  const route = path.split(/(\{[^}]+\})/).map((part) =>
    part.startsWith("{") ? el("b", {}, part) : part);
  const view = el("article", { id },
    el("header", {},
      el("h3", {}, el("a", { href: "#" + id }, operation.summary || id),
        open ? el("span", { class: "tag" }, "no token needed") : null),
      el("div", { class: "route" }, el("span", { class: "method " + method }, method),
        el("span", {}, route)),
      operation.description ? el("p", { class: "note" }, prose(operation.description)) : null));
  if (parameters.length) {
    view.append(block("Parameters", parameters.length, true, el("table", {}, parameters.map(
      (parameter) => row(parameter.name, { ...resolve(parameter.schema),
        description: parameter.description || `in ${parameter.in}` }, parameter.required, 0)))));
  }
  if (body) {
    for (const [media, content] of Object.entries(body.content || {})) {
      view.append(block(`Request body, ${media}`, 0, true, schemaTable(content.schema || {})));
    }
  }
  const answers = Object.entries(operation.responses || {});
  view.append(block("Answers", answers.length, false, answers.flatMap(([s, r]) => answer(s, r))));
  return view;
}

function operations() {
  const list = [];
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS) {
      if (item[method]) list.push({ method, path, operation: item[method] });
    }
  }
  return list;
}

function draw() {
  const list = operations();
  document.getElementById("version").textContent = api.info.version;
  const nav = document.getElementById("nav");
  const main = document.getElementById("content");
  main.replaceChildren(el("section", { id: "top" }, el("h1", {}, "API reference"),
    el("p", { class: "muted" }, api.info.summary || ""),
    (api.info.description || "").trim().split(/\n\s*\n/).map((text) => el("p", { class: "note" }, prose(text)))));
  const names = [...new Set([...(api.tags || []).map((tag) => tag.name),
    ...list.flatMap(({ operation }) => operation.tags || [])])];
  for (const name of names) {
    const own = list.filter(({ operation }) => (operation.tags || [])[0] === name);
    if (!own.length) continue;
    const tag = (api.tags || []).find((candidate) => candidate.name === name) || {};
    const links = own.map(({ method, path, operation }) =>
      el("a", { href: "#" + operation.operationId, title: path },
        el("span", { class: "method " + method }, method), operation.summary || path));
    nav.append(el("div", { "data-group": name }, el("h2", {}, name), links));
    main.append(el("section", { "data-group": name }, el("h2", {}, name),
      tag.description ? el("p", { class: "muted" }, prose(tag.description)) : null,
      own.map(({ method, path, operation }) => operationView(method, path, operation))));
  }
  main.append(el("p", { class: "empty", hidden: "" }, "No operation fits the filter."));
  const words = new Map(list.map(({ method, path, operation }) => [operation.operationId,
    `${method} ${path} ${operation.summary} ${operation.description || ""} ${operation.operationId} ${(operation.tags || []).join(" ")}`.toLowerCase()]));
  listen(words);
}

function listen(words) {
  const filter = document.getElementById("filter");
  filter.addEventListener("input", () => {
    const wanted = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (id) => wanted.every((word) => words.get(id).includes(word));
    let count = 0;
    for (const article of document.querySelectorAll("article")) {
      article.hidden = !fits(article.id);
      if (!article.hidden) count += 1;
    }
    for (const link of document.querySelectorAll("nav a")) link.hidden = !fits(link.hash.slice(1));
    for (const link of document.querySelectorAll("nav a")) link.style.display = link.hidden ? "none" : "";
    for (const group of document.querySelectorAll("[data-group]")) {
      group.hidden = !group.querySelector("article:not([hidden]), a:not([hidden])");
    }
    document.getElementById("top").hidden = wanted.length > 0;
    document.querySelector(".empty").hidden = count > 0;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== filter) {
      event.preventDefault();
      filter.focus();
    }
  });
  const mark = () => {
    for (const link of document.querySelectorAll("nav a")) {
      link.classList.toggle("current", link.hash === location.hash);
    }
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", mark);
  mark();
}

fetch("/openapi.json").then((response) => response.json()).then((document_) => {
  api = document_;
  draw();
}).catch(() => {
  document.getElementById("content").textContent = "The description can't be read from /openapi.json.";
});
