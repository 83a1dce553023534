// path: core/common/thing.cpp // expect: file-name
