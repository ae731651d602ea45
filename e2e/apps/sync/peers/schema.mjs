/** Documents as RxDB wants them described, on both sides. */
export const schema = {
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: { id: { type: "string", maxLength: 100 }, text: { type: "string" } },
  required: ["id", "text"],
};
