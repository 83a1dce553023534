// path: tests/adapters/tools/flyway_test.cpp
const auto file = R"sql(select 1;  
	select	2; 
)sql";
