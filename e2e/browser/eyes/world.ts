// What the people of these cases have: Ada has sites and documents, and a friend, Bo,
// who reads her sites.
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { page as html, png } from "../tests/fixtures.ts";
import { author, expect, kith, magnetFromAuthor, open, reader, writeFiles, type Published } from "../tests/setting.ts";

/** Titles of sites, and how large the file in each is. */
const sites = [["Field notes", 3_100_000], ["Harbour maps", 2_400_000], ["Recipes of the valley", 1_100_000], ["Walking club", 900_000]] as const;

/** Ada's documents, and who may see them. */
const documents = [["photos/at the lake.png", "list:family"], ["photos/harbour.png", "list:family"], ["recipes/plum cake.txt", "Bo"], ["letters/draft.txt", "nobody"]] as const;

/** Makes it all; says where Bo has which site, and whom Ada knows. */
export async function settle(): Promise<{ label: string; friend: string }> {
  const [label, friend] = await Promise.all([publishAll(), befriend()]);
  return { label, friend };
}

async function publishAll(): Promise<string> {
  const labels: string[] = [];
  for (const [i, [title, size]] of sites.entries()) {
    const folder = join(await mkdtemp(join(tmpdir(), "kith-site-")), title);
    await writeFiles(folder, { "index.html": html(title, `<h1>${title}</h1>`), "map.bin": Buffer.alloc(size, i + 1) });
    const published = JSON.parse(await kith(author, "publish", "--json", "--title", title, folder)) as Published;
    const { label } = await open(reader, magnetFromAuthor(published));
    await kith(reader, "get", `${published.wtp}/${i === 1 ? "index.html" : "map.bin"}`, "-o", join(folder, "..", "got"));
    if (i === 3) await kith(reader, "pin", published.wtp);
    labels.push(label);
  }
  return labels[0] ?? "";
}

async function befriend(): Promise<string> {
  const { link } = JSON.parse(await kith(author, "friend", "invite", "--name", "Bo", "--json")) as { link: string };
  await kith(reader, "friend", "accept", link, "--name", "Ada");
  await expect.poll(() => kith(author, "friend", "verify", "Bo").then(() => true, () => false), { timeout: 60_000 }).toBe(true);
  await kith(author, "friend", "list", "family", "Bo");
  const folder = await mkdtemp(join(tmpdir(), "kith-documents-"));
  const files = Object.fromEntries(documents.map(([path], i) => [path, path.endsWith(".png") ? png(64, 48, [60 * i, 120, 90]) : "Stone the plums.\n".repeat(20)]));
  await writeFiles(folder, files);
  for (const [path, whom] of documents) {
    await kith(author, "data", "put", path, join(folder, path), "--for", whom);
  }
  const { friends: [friend] } = JSON.parse(await kith(author, "friend", "--json")) as { friends: readonly { id: string }[] };
  return friend?.id ?? "";
}
