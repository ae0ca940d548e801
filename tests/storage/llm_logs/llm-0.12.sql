-- Two conversations as llm 0.12 logged them, for a model of ours; tables without rows and its index are left out.
CREATE TABLE "conversations" (
   "id" TEXT PRIMARY KEY,
   "name" TEXT,
   "model" TEXT
);
INSERT INTO "conversations" VALUES('01m81nq4jpcsbmfsem4c0e499a','Explain TLS','anthropic/claude-3-5-sonnet-latest');
INSERT INTO "conversations" VALUES('01m81nq4m00xxcf17z9z0hgfc2','What is this?','anthropic/claude-3-5-sonnet-latest');
CREATE TABLE "responses" (
   "id" TEXT PRIMARY KEY,
   "model" TEXT,
   "prompt" TEXT,
   "system" TEXT,
   "prompt_json" TEXT,
   "options_json" TEXT,
   "response" TEXT,
   "response_json" TEXT,
   "conversation_id" TEXT REFERENCES "conversations"("id"),
   "duration_ms" INTEGER,
   "datetime_utc" TEXT
);
INSERT INTO "responses" VALUES('01m81nq4k2byx109mn26mney89','anthropic/claude-3-5-sonnet-latest','Explain TLS','Be brief.',NULL,'{}','TLS keeps **secrets**.',NULL,'01m81nq4jpcsbmfsem4c0e499a',0,'2026-11-22T13:04:22.614774');
INSERT INTO "responses" VALUES('01m81nq4ke4pbq13v4aeejnyaz','anthropic/claude-3-5-sonnet-latest','Shorter, please',NULL,NULL,'{}','Shorter: secrets.',NULL,'01m81nq4jpcsbmfsem4c0e499a',0,'2026-11-22T13:04:22.638368');
INSERT INTO "responses" VALUES('01m81nq4madz2b8dhqfrrdk033','anthropic/claude-3-5-sonnet-latest','What is this?',NULL,NULL,'{}','A red dot.',NULL,'01m81nq4m00xxcf17z9z0hgfc2',0,'2026-11-22T13:04:22.656780');
INSERT INTO "responses" VALUES('01m81nq4myx1fq8j80kn0jkh00','anthropic/claude-3-5-sonnet-latest','And the weather?',NULL,NULL,'{}','Fine.',NULL,'01m81nq4m00xxcf17z9z0hgfc2',0,'2026-11-22T13:04:22.686368');
