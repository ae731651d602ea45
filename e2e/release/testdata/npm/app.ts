import { attach, connect, KithError, type Answer, type Friends, type Kith } from "@kith/sdk";
import { LP2PReceiver, LP2PRequest, lp2p } from "@kith/lp2p";
import "@kith/lp2p/polyfill";

export async function main(): Promise<string> {
  const kith: Kith = await connect({ app: "album", title: "Album", wants: ["data", "friends", "share"] });
  await kith.data.put("posts/1", { text: "Good day to you!" });
  const friends: Friends = kith.friends;
  const [friend] = await friends.list();
  if (friend !== undefined) {
    const answer: Answer = await friends.get(friend.friend, "posts/1", { wait: 10 });
    if (answer.state === "here") {
      return await answer.response.text();
    }
  }
  // @ts-expect-error: there is no such thing to want
  await connect({ app: "album", wants: ["everything"] });
  return typeof attach + String(new KithError(400, "bad", "no", "") instanceof Error);
}

export const parts = [LP2PReceiver, LP2PRequest, lp2p];
