// @ts-check
"use strict";

const fs = require("fs");
const path = require("path");

const NEWLINE = 10;

/** Yield the lines of a file as records. What follows the last newline was never finished: its write got no reply. */
function* recordsOf(file) {
  const bytes = fs.readFileSync(file);
  let number = 0;
  for (let start = 0, end; (end = bytes.indexOf(NEWLINE, start)) >= 0; start = end + 1) {
    number += 1;
    yield parsed(bytes.toString("utf8", start, end), `${file}:${number}`);
  }
}

function parsed(line, place) {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new Error(`${place} is damaged: ${error.message}`, { cause: error });
  }
}

/** The file that everything is written to before it is answered: one JSON text a line, one line a transaction. */
class Journal {
  constructor(folder) {
    this.file = path.join(folder, "journal.jsonl");
    this.descriptor = -1;
    fs.mkdirSync(folder, { recursive: true });
  }

  /** Return the records of former runs. */
  records() {
    return fs.existsSync(this.file) ? recordsOf(this.file) : [];
  }

  /** Replace the file by these records and go on at its end. A crash leaves the old file or the new one, whole. */
  restart(records) {
    const fresh = `${this.file}.new`;
    this.descriptor = fs.openSync(fresh, "w");
    for (const record of records) this.write(record);
    fs.fsyncSync(this.descriptor);
    fs.renameSync(fresh, this.file);
  }

  /** Add a record, and return when the operating system has it. Where that fails nothing may be answered any more. */
  append(record) {
    try {
      this.write(record);
      // Whoever starts on the same folder puts a file of its own in the place of this one.
      if (fs.fstatSync(this.descriptor).nlink === 0) throw new Error(`${this.file} is in use by another emulator`);
    } catch (error) {
      console.error(error);
      process.exit(1);
    }
  }

  write(record) {
    const bytes = Buffer.from(`${JSON.stringify(record)}\n`);
    for (let done = 0; done < bytes.length; ) done += fs.writeSync(this.descriptor, bytes, done);
  }
}

/** Keep nothing: the data ends with the process. */
const NO_JOURNAL = { append() {} };

module.exports = { Journal, NO_JOURNAL };
