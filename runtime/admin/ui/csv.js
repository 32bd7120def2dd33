// Rows as a text that spreadsheets read as it is meant.
import { text_of } from "./exact.js";

const plain = (value) => (value === undefined || value === null ? "" : typeof value === "object" ? text_of(value) : String(value));
// A cell that begins like a formula is one to a spreadsheet, also with signs of full width; a number is none.
const like_formula = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/, number = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;
const cell = (value) => { const text = plain(value); return `"${(like_formula.test(text) && !number.test(text) ? "'" : "") + text.replaceAll('"', '""')}"`; };
// Without the mark before it the bytes are read in whatever the machine used before UTF-8.
const byte_order_mark = "\ufeff";

export const csv_of = (lines) => byte_order_mark + lines.map((line) => line.map(cell).join(",")).join("\r\n");
