/** The recovery phrase: BIP 39, English, 24 words for a seed of 32 octets. */
import { Fault } from "../fault.ts";
import { hash } from "../seal/index.ts";

const wordCount = 24;
const seedSize = 32;
const longest = 1024;
const bitsOfWord = 11;

const wordList = async (): Promise<readonly string[]> => (await import("./words.ts")).words;

/** The phrase of a seed. */
export async function phraseOf(seed: Uint8Array): Promise<string> {
  const words = await wordList();
  if (seed.length !== seedSize) throw new Fault("internal", `a seed of ${seed.length} octets, not ${seedSize}`);
  const octets = [...seed, hash(seed)[0] ?? 0];
  const out: string[] = [];
  let held = 0;
  let bits = 0;
  for (const octet of octets) {
    held = (held << 8) | octet;
    bits += 8;
    if (bits >= bitsOfWord) {
      bits -= bitsOfWord;
      out.push(words[held >> bits] ?? "");
      held &= (1 << bits) - 1;
    }
  }
  return out.join(" ");
}

/**
 * The seed of a phrase. Spaces and capitals do not matter. Errors say which word is
 * wrong by its number, and never repeat a word.
 */
export async function seedOf(phrase: string): Promise<Uint8Array> {
  if (phrase.length > longest) {
    throw new Fault("invalid", `the recovery phrase has ${phrase.length} characters`, `it has ${wordCount} words`);
  }
  const list = phrase.toLowerCase().split(/\s+/).filter((w) => w !== "");
  if (list.length !== wordCount) {
    throw new Fault("invalid", `the recovery phrase has ${list.length} words`, `it has ${wordCount}`);
  }
  const words = await wordList();
  const octets: number[] = [];
  let held = 0;
  let bits = 0;
  for (const [n, word] of list.entries()) {
    const at = words.indexOf(word);
    if (at < 0) throw new Fault("invalid", `word ${n + 1} of the recovery phrase is none of the list`, "check its spelling");
    held = (held << bitsOfWord) | at;
    bits += bitsOfWord;
    while (bits >= 8) {
      bits -= 8;
      octets.push(held >> bits);
      held &= (1 << bits) - 1;
    }
  }
  const seed = Uint8Array.from(octets.slice(0, seedSize));
  if (hash(seed)[0] !== octets[seedSize]) {
    throw new Fault(
      "invalid", "the words of the recovery phrase do not belong together", "one is another word, or two changed places",
    );
  }
  return seed;
}
