-- Two conversations as llm 0.26 logged them, for a model of ours; tables without rows and its index are left out.
CREATE TABLE "attachments" (
   "id" TEXT PRIMARY KEY,
   "type" TEXT,
   "path" TEXT,
   "url" TEXT,
   "content" BLOB
);
INSERT INTO "attachments" VALUES('57c5b0ba802ba3aa9c4ebd11a8ef32d173abc6dd5b3deabb7cd540b66e14edc5','image/png',NULL,NULL,X'89504E470D0A1A0A0000000D4948445200000001000000010802000000907753DE0000000C4944415408D763F8CFC0000003010100C9FE92EF0000000049454E44AE426082');
INSERT INTO "attachments" VALUES('abd0d2caf13fa921df8c8f30abaed469cd6d39493739967a69f8dbd9bd89c594','image/png',NULL,'https://example.com/dot.png',NULL);
INSERT INTO "attachments" VALUES('aaa91fccbd31b9fc20e849b0be70753a7b40bb045d75c93b9c1f151fb6cf87e4','image/png','/home/ann/gone.png',NULL,NULL);
INSERT INTO "attachments" VALUES('92aedcf0aef96750608d7ce496580bafb009cdc0ee29e75dee7f54a628ce4a00','audio/wav',NULL,NULL,X'524946463030303057415645666D7420');
CREATE TABLE "conversations" (
   "id" TEXT PRIMARY KEY,
   "name" TEXT,
   "model" TEXT
);
INSERT INTO "conversations" VALUES('01m81nq6amz8av6w7v9dm434z4','A fragment about TLS. Explain T…','anthropic/claude-3-5-sonnet-latest');
INSERT INTO "conversations" VALUES('01m81nq6b6sapf1qqs4dhrb3bx','What is this?','anthropic/claude-3-5-sonnet-latest');
CREATE TABLE "fragments" (
   "id" INTEGER PRIMARY KEY,
   "hash" TEXT,
   "content" TEXT,
   "datetime_utc" TEXT,
   "source" TEXT
);
INSERT INTO "fragments" VALUES(1,'9bea3d695ee4bbac37d46c493f7c170b09373d4d35df575d68add3d0591f3d56','A fragment about TLS.','2026-11-22 13:04:24',NULL);
INSERT INTO "fragments" VALUES(2,'67c26bb5a64b4add0cf895af4160a92eff6507f830da89ffcf008286f2f2fd67','Answer as a cook.','2026-11-22 13:04:24',NULL);
CREATE TABLE "prompt_attachments" (
   "response_id" TEXT REFERENCES "responses"("id"),
   "attachment_id" TEXT REFERENCES "attachments"("id"),
   "order" INTEGER,
   PRIMARY KEY ("response_id", "attachment_id")
);
INSERT INTO "prompt_attachments" VALUES('01m81nq6b6sapf1qqs4dhrb3by','57c5b0ba802ba3aa9c4ebd11a8ef32d173abc6dd5b3deabb7cd540b66e14edc5',0);
INSERT INTO "prompt_attachments" VALUES('01m81nq6b6sapf1qqs4dhrb3by','abd0d2caf13fa921df8c8f30abaed469cd6d39493739967a69f8dbd9bd89c594',1);
INSERT INTO "prompt_attachments" VALUES('01m81nq6b6sapf1qqs4dhrb3by','aaa91fccbd31b9fc20e849b0be70753a7b40bb045d75c93b9c1f151fb6cf87e4',2);
INSERT INTO "prompt_attachments" VALUES('01m81nq6b6sapf1qqs4dhrb3by','92aedcf0aef96750608d7ce496580bafb009cdc0ee29e75dee7f54a628ce4a00',3);
CREATE TABLE "prompt_fragments" (
   "response_id" TEXT REFERENCES "responses"("id"),
   "fragment_id" INTEGER REFERENCES "fragments"("id"),
   "order" INTEGER,
   PRIMARY KEY ("response_id", "fragment_id", "order")
);
INSERT INTO "prompt_fragments" VALUES('01m81nq6an1rz15a5m8rtj57bk',1,0);
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
   "datetime_utc" TEXT,
   "input_tokens" INTEGER,
   "output_tokens" INTEGER,
   "token_details" TEXT,
   "schema_id" TEXT REFERENCES "schemas"("id")
);
INSERT INTO "responses" VALUES('01m81nq6an1rz15a5m8rtj57bk','anthropic/claude-3-5-sonnet-latest','Explain TLS','Be brief.',NULL,'{}','TLS keeps **secrets**.',NULL,'01m81nq6amz8av6w7v9dm434z4',0,'2026-11-22T13:04:24.405158+00:00',12,7,NULL,NULL);
INSERT INTO "responses" VALUES('01m81nq6b3ctyv9cv16cvh9b4z','anthropic/claude-3-5-sonnet-latest','Shorter, please',NULL,NULL,'{}','Shorter: secrets.',NULL,'01m81nq6amz8av6w7v9dm434z4',0,'2026-11-22T13:04:24.419964+00:00',12,7,NULL,NULL);
INSERT INTO "responses" VALUES('01m81nq6b6sapf1qqs4dhrb3by','anthropic/claude-3-5-sonnet-latest','What is this?',NULL,NULL,'{}','A red dot.',NULL,'01m81nq6b6sapf1qqs4dhrb3bx',0,'2026-11-22T13:04:24.422646+00:00',12,7,NULL,NULL);
INSERT INTO "responses" VALUES('01m81nq6bjg17w0w6k4tstccdg','anthropic/claude-3-5-sonnet-latest','And the weather?',NULL,NULL,'{}','Fine.',NULL,'01m81nq6b6sapf1qqs4dhrb3bx',0,'2026-11-22T13:04:24.434656+00:00',12,7,NULL,NULL);
CREATE TABLE "system_fragments" (
   "response_id" TEXT REFERENCES "responses"("id"),
   "fragment_id" INTEGER REFERENCES "fragments"("id"),
   "order" INTEGER,
   PRIMARY KEY ("response_id", "fragment_id", "order")
);
INSERT INTO "system_fragments" VALUES('01m81nq6an1rz15a5m8rtj57bk',2,0);
CREATE TABLE "tool_results" (
   "id" INTEGER PRIMARY KEY,
   "response_id" TEXT REFERENCES "responses"("id"),
   "tool_id" INTEGER REFERENCES "tools"("id"),
   "name" TEXT,
   "output" TEXT,
   "tool_call_id" TEXT,
   "instance_id" INTEGER REFERENCES "tool_instances"("id")
);
INSERT INTO "tool_results" VALUES(1,'01m81nq6bjg17w0w6k4tstccdg',NULL,'weather','Rain','call_1',NULL);
