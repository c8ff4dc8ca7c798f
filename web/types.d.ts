// What the scripts of staff read and hand on. The API's part is that of docs/openapi.yaml: `make lint` writes
// lint/openapi.d.ts from it, so a script that reads what the API does not answer is refused.

declare namespace Api {
  type Paths = import("../lint/openapi").paths;
  type Schemas = import("../lint/openapi").components["schemas"];

  /** What a call answers where all went well. */
  type Answer<Path extends keyof Paths, Method extends "get" | "post"> = Paths[Path] extends {
    [method in Method]: { responses: { 200: { content: { "application/json": infer Body } } } };
  }
    ? Body
    : never;

  /** What a call takes. */
  type Asked<Path extends keyof Paths> = Paths[Path] extends {
    post: { requestBody: { content: { "application/json": infer Body } } };
  }
    ? Body
    : never;

  type Problem = Partial<Schemas["Problem"]>;
  type FieldProblem = NonNullable<Problem["errors"]>[number];
  type Units = Schemas["Units"];
  type Who = Answer<"/api/staff/me", "get">;

  type Card = Schemas["Card"];
  type Answered = Card["household"][number];
  type Line = Card["due"][number];
  type FoundCard = Schemas["FoundCard"];
  type Found = Answer<"/api/staff/pickup/searches", "post">;
  type Corrected = Answer<"/api/staff/pickup/corrections", "post">;
  type Reissued = Answer<"/api/staff/requests/access-codes", "post">;
  type Roster = Answer<"/api/staff/pickup/rosters", "post">;
  type HandOver = Asked<"/api/staff/pickup/hand-overs">;

  type Item = Answer<"/api/pickup/items", "get">["items"][number];
  type Sites = Answer<"/api/pickup/sites", "get">;
  type Site = Sites["sites"][number];
  type AtSite = Answer<"/api/pickup/sites/{site}", "get">;
  type ItemNumbers = AtSite["stock"][number];
  type Slot = AtSite["slots"][number];
  type Move = Schemas["Move"];
  type Splits = Schemas["Splits"];
  type Preview = Splits["previews"][number];
  type Share = Schemas["Share"];
  type Taken = Answer<"/api/pickup/sites.csv", "post">;
}

declare namespace Staff {
  /** A card as the server answers it, or what the roster knows of it. */
  type Card = Pick<Api.Card, "reference" | "state" | "due"> &
    Partial<Omit<Api.Card, "place">> & { place?: Partial<NonNullable<Api.Card["place"]>> | null; offline?: boolean };

  /** What an officer looks at. */
  type Office = {
    site: Api.AtSite | null;
    items: Api.Item[];
    supervises: boolean;
    /** Return an address of the API under that of the site. */
    address(path: string): string;
    /** Show the site as it is now, or another one. */
    refresh(site?: string): Promise<void>;
  };
}
