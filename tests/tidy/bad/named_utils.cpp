// path: adapters/files/file_utils.cpp // expect: file-name
