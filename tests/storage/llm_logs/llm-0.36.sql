-- Two conversations as llm 0.36 logged them, for a model of ours; tables without rows and its index are left out.
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
CREATE TABLE "fragments" (
   "id" INTEGER PRIMARY KEY,
   "hash" TEXT,
   "content" TEXT,
   "datetime_utc" TEXT,
   "source" TEXT
);
INSERT INTO "fragments" VALUES(1,'9bea3d695ee4bbac37d46c493f7c170b09373d4d35df575d68add3d0591f3d56','A fragment about TLS.','2026-11-22 13:04:25',NULL);
INSERT INTO "fragments" VALUES(2,'67c26bb5a64b4add0cf895af4160a92eff6507f830da89ffcf008286f2f2fd67','Answer as a cook.','2026-11-22 13:04:25',NULL);
CREATE TABLE "messages" (
   "hash" TEXT PRIMARY KEY,
   "parent_hash" TEXT REFERENCES "messages"("hash"),
   "role" TEXT,
   "provider_metadata" TEXT
);
INSERT INTO "messages" VALUES('b2:fcaa16559d7b9bf913a2652ebb0c8a3c',NULL,'system',NULL);
INSERT INTO "messages" VALUES('b2:9467aeb944970acdf2d9e6e6e5e105fe','b2:fcaa16559d7b9bf913a2652ebb0c8a3c','user',NULL);
INSERT INTO "messages" VALUES('b2:954f280c1b7dac1cea6e199e5d4ca681','b2:9467aeb944970acdf2d9e6e6e5e105fe','assistant',NULL);
INSERT INTO "messages" VALUES('b2:6b73c49b9a7b99d450402cc8f5fabc73','b2:954f280c1b7dac1cea6e199e5d4ca681','user',NULL);
INSERT INTO "messages" VALUES('b2:a8d41b5522aa0e4855cd23413d01265a','b2:6b73c49b9a7b99d450402cc8f5fabc73','assistant',NULL);
INSERT INTO "messages" VALUES('b2:1e190fdc283d43db45ae84ef3e97335f',NULL,'user',NULL);
INSERT INTO "messages" VALUES('b2:f4dd77b0d5c45e992166d76e6d7bf43d','b2:1e190fdc283d43db45ae84ef3e97335f','assistant',NULL);
INSERT INTO "messages" VALUES('b2:04bb7f2460c73bcbbb11b78eced79d07',NULL,'user',NULL);
INSERT INTO "messages" VALUES('b2:cce35734c28130019fc981752a6fd9b2','b2:04bb7f2460c73bcbbb11b78eced79d07','assistant',NULL);
INSERT INTO "messages" VALUES('b2:79716d8b75b785246ce016fea715a86a','b2:cce35734c28130019fc981752a6fd9b2','tool',NULL);
INSERT INTO "messages" VALUES('b2:ee04c211dc9858542d4fd5605bd1ade2','b2:79716d8b75b785246ce016fea715a86a','user',NULL);
INSERT INTO "messages" VALUES('b2:052f8592ebb1e593531fe3dc5e547395','b2:ee04c211dc9858542d4fd5605bd1ade2','assistant',NULL);
CREATE TABLE "part_attachments" (
   "part_id" INTEGER REFERENCES "parts"("id"),
   "attachment_id" TEXT REFERENCES "attachments"("id"),
   "order" INTEGER,
   PRIMARY KEY ("part_id", "attachment_id", "order")
);
INSERT INTO "part_attachments" VALUES(7,'57c5b0ba802ba3aa9c4ebd11a8ef32d173abc6dd5b3deabb7cd540b66e14edc5',0);
INSERT INTO "part_attachments" VALUES(8,'abd0d2caf13fa921df8c8f30abaed469cd6d39493739967a69f8dbd9bd89c594',0);
INSERT INTO "part_attachments" VALUES(9,'aaa91fccbd31b9fc20e849b0be70753a7b40bb045d75c93b9c1f151fb6cf87e4',0);
INSERT INTO "part_attachments" VALUES(10,'92aedcf0aef96750608d7ce496580bafb009cdc0ee29e75dee7f54a628ce4a00',0);
INSERT INTO "part_attachments" VALUES(13,'57c5b0ba802ba3aa9c4ebd11a8ef32d173abc6dd5b3deabb7cd540b66e14edc5',0);
INSERT INTO "part_attachments" VALUES(14,'abd0d2caf13fa921df8c8f30abaed469cd6d39493739967a69f8dbd9bd89c594',0);
INSERT INTO "part_attachments" VALUES(15,'aaa91fccbd31b9fc20e849b0be70753a7b40bb045d75c93b9c1f151fb6cf87e4',0);
INSERT INTO "part_attachments" VALUES(16,'92aedcf0aef96750608d7ce496580bafb009cdc0ee29e75dee7f54a628ce4a00',0);
CREATE TABLE "part_fragments" (
   "part_id" INTEGER REFERENCES "parts"("id"),
   "fragment_id" INTEGER REFERENCES "fragments"("id"),
   "order" INTEGER,
   PRIMARY KEY ("part_id", "fragment_id", "order")
);
INSERT INTO "part_fragments" VALUES(1,2,0);
INSERT INTO "part_fragments" VALUES(2,1,0);
CREATE TABLE "parts" (
   "id" INTEGER PRIMARY KEY,
   "message_hash" TEXT REFERENCES "messages"("hash"),
   "position" INTEGER,
   "type" TEXT,
   "tool_name" TEXT,
   "text" TEXT,
   "payload" TEXT
);
INSERT INTO "parts" VALUES(1,'b2:fcaa16559d7b9bf913a2652ebb0c8a3c',0,'text',NULL,NULL,'{"text_ref": [{"fragment": 2}, {"literal": "\n\nBe brief."}]}');
INSERT INTO "parts" VALUES(2,'b2:9467aeb944970acdf2d9e6e6e5e105fe',0,'text',NULL,NULL,'{"text_ref": [{"fragment": 1}, {"literal": "\nExplain TLS"}]}');
INSERT INTO "parts" VALUES(3,'b2:954f280c1b7dac1cea6e199e5d4ca681',0,'text',NULL,'TLS keeps **secrets**.',NULL);
INSERT INTO "parts" VALUES(4,'b2:6b73c49b9a7b99d450402cc8f5fabc73',0,'text',NULL,'Shorter, please',NULL);
INSERT INTO "parts" VALUES(5,'b2:a8d41b5522aa0e4855cd23413d01265a',0,'text',NULL,'Shorter: secrets.',NULL);
INSERT INTO "parts" VALUES(6,'b2:1e190fdc283d43db45ae84ef3e97335f',0,'text',NULL,'What is this?',NULL);
INSERT INTO "parts" VALUES(7,'b2:1e190fdc283d43db45ae84ef3e97335f',1,'attachment',NULL,NULL,'{"attachment": {"id": "57c5b0ba802ba3aa9c4ebd11a8ef32d173abc6dd5b3deabb7cd540b66e14edc5"}}');
INSERT INTO "parts" VALUES(8,'b2:1e190fdc283d43db45ae84ef3e97335f',2,'attachment',NULL,NULL,'{"attachment": {"id": "abd0d2caf13fa921df8c8f30abaed469cd6d39493739967a69f8dbd9bd89c594"}}');
INSERT INTO "parts" VALUES(9,'b2:1e190fdc283d43db45ae84ef3e97335f',3,'attachment',NULL,NULL,'{"attachment": {"id": "aaa91fccbd31b9fc20e849b0be70753a7b40bb045d75c93b9c1f151fb6cf87e4"}}');
INSERT INTO "parts" VALUES(10,'b2:1e190fdc283d43db45ae84ef3e97335f',4,'attachment',NULL,NULL,'{"attachment": {"id": "92aedcf0aef96750608d7ce496580bafb009cdc0ee29e75dee7f54a628ce4a00"}}');
INSERT INTO "parts" VALUES(11,'b2:f4dd77b0d5c45e992166d76e6d7bf43d',0,'text',NULL,'A red dot.',NULL);
INSERT INTO "parts" VALUES(12,'b2:04bb7f2460c73bcbbb11b78eced79d07',0,'text',NULL,'What is this?',NULL);
INSERT INTO "parts" VALUES(13,'b2:04bb7f2460c73bcbbb11b78eced79d07',1,'attachment',NULL,NULL,'{"attachment": {"id": "57c5b0ba802ba3aa9c4ebd11a8ef32d173abc6dd5b3deabb7cd540b66e14edc5"}}');
INSERT INTO "parts" VALUES(14,'b2:04bb7f2460c73bcbbb11b78eced79d07',2,'attachment',NULL,NULL,'{"attachment": {"id": "abd0d2caf13fa921df8c8f30abaed469cd6d39493739967a69f8dbd9bd89c594"}}');
INSERT INTO "parts" VALUES(15,'b2:04bb7f2460c73bcbbb11b78eced79d07',3,'attachment',NULL,NULL,'{"attachment": {"id": "aaa91fccbd31b9fc20e849b0be70753a7b40bb045d75c93b9c1f151fb6cf87e4"}}');
INSERT INTO "parts" VALUES(16,'b2:04bb7f2460c73bcbbb11b78eced79d07',4,'attachment',NULL,NULL,'{"attachment": {"id": "92aedcf0aef96750608d7ce496580bafb009cdc0ee29e75dee7f54a628ce4a00"}}');
INSERT INTO "parts" VALUES(17,'b2:cce35734c28130019fc981752a6fd9b2',0,'text',NULL,'A red dot.',NULL);
INSERT INTO "parts" VALUES(18,'b2:79716d8b75b785246ce016fea715a86a',0,'tool_result','weather',NULL,'{"name": "weather", "output": "Rain", "tool_call_id": "call_1"}');
INSERT INTO "parts" VALUES(19,'b2:ee04c211dc9858542d4fd5605bd1ade2',0,'text',NULL,'And the weather?',NULL);
INSERT INTO "parts" VALUES(20,'b2:052f8592ebb1e593531fe3dc5e547395',0,'text',NULL,'Fine.',NULL);
CREATE TABLE "threads" (
   "id" TEXT PRIMARY KEY,
   "name" TEXT,
   "tip_message_hash" TEXT REFERENCES "messages"("hash"),
   "forked_from" TEXT REFERENCES "threads"("id"),
   "datetime_utc" TEXT
);
INSERT INTO "threads" VALUES('01m81nq705fvgjbdwzs90my3g5','A fragment about TLS. Explain T…','b2:a8d41b5522aa0e4855cd23413d01265a',NULL,'2026-11-22 13:04:25.096401+00:00');
INSERT INTO "threads" VALUES('01m81nq70fx3yyga89scp3vamj','What is this?','b2:052f8592ebb1e593531fe3dc5e547395',NULL,'2026-11-22 13:04:25.103734+00:00');
CREATE TABLE "turn_fragments" (
   "turn_id" TEXT REFERENCES "turns"("id"),
   "fragment_id" INTEGER REFERENCES "fragments"("id"),
   "order" INTEGER,
   "kind" TEXT,
   PRIMARY KEY ("turn_id", "fragment_id", "kind", "order")
);
INSERT INTO "turn_fragments" VALUES('01m81nq705fvgjbdwzs90my3g6',1,0,'prompt');
INSERT INTO "turn_fragments" VALUES('01m81nq705fvgjbdwzs90my3g6',2,0,'system');
CREATE TABLE "turns" (
   "id" TEXT PRIMARY KEY,
   "thread_id" TEXT REFERENCES "threads"("id"),
   "parent_message_hash" TEXT REFERENCES "messages"("hash"),
   "tip_message_hash" TEXT REFERENCES "messages"("hash"),
   "model" TEXT,
   "resolved_model" TEXT,
   "options_json" TEXT,
   "schema_id" TEXT REFERENCES "schemas"("id"),
   "input_tokens" INTEGER,
   "output_tokens" INTEGER,
   "token_details" TEXT,
   "duration_ms" INTEGER,
   "datetime_utc" TEXT
, "response_json" TEXT);
INSERT INTO "turns" VALUES('01m81nq705fvgjbdwzs90my3g6','01m81nq705fvgjbdwzs90my3g5','b2:9467aeb944970acdf2d9e6e6e5e105fe','b2:954f280c1b7dac1cea6e199e5d4ca681','anthropic/claude-3-5-sonnet-latest',NULL,NULL,NULL,12,7,NULL,0,'2026-11-22T13:04:25.093997+00:00',NULL);
INSERT INTO "turns" VALUES('01m81nq70cvg5g4acfnhvsxkc4','01m81nq705fvgjbdwzs90my3g5','b2:6b73c49b9a7b99d450402cc8f5fabc73','b2:a8d41b5522aa0e4855cd23413d01265a','anthropic/claude-3-5-sonnet-latest',NULL,NULL,NULL,12,7,NULL,0,'2026-11-22T13:04:25.100588+00:00',NULL);
INSERT INTO "turns" VALUES('01m81nq70fx3yyga89scp3vamk','01m81nq70fx3yyga89scp3vamj','b2:1e190fdc283d43db45ae84ef3e97335f','b2:f4dd77b0d5c45e992166d76e6d7bf43d','anthropic/claude-3-5-sonnet-latest',NULL,NULL,NULL,12,7,NULL,0,'2026-11-22T13:04:25.103444+00:00',NULL);
INSERT INTO "turns" VALUES('01m81nq70k8hcg89zk0hnp7kd8','01m81nq70fx3yyga89scp3vamj','b2:ee04c211dc9858542d4fd5605bd1ade2','b2:052f8592ebb1e593531fe3dc5e547395','anthropic/claude-3-5-sonnet-latest',NULL,NULL,NULL,12,7,NULL,0,'2026-11-22T13:04:25.107458+00:00',NULL);
