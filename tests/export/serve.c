/* Serves an export without Python, through TensorFlow's C API: serve EXPORT REQUESTS ANSWERS
 *
 * It loads the SavedModel by the tag "serve", as TensorFlow Serving does, and answers all requests three
 * times: once by one thread alone, then by two threads that ask the same session at the same time.
 *
 * REQUESTS and ANSWERS are numbers (int64), strings (a number and as many bytes) and tensors: data type,
 * rank, dimensions, and then values as they lie in memory, or a string each.
 *
 *   REQUESTS  how many; for each: how many feeds, (name in the graph, tensor)..., how many fetches, name...
 *   ANSWERS   for each of the three times, for each request, for each fetch: tensor
 */
#define _GNU_SOURCE /* RTLD_DEFAULT */
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensorflow/c/c_api.h"
#include "tensorflow/c/tf_tstring.h"

typedef struct {
  int feeds, fetches;
  TF_Output *feed, *fetch;
  TF_Tensor **fed;
} Request;

typedef struct {
  TF_Session *session;
  const Request *requests;
  int count, backwards;
  TF_Tensor ***answers; /* of each request, of each fetch */
} Asker;

static void fail(const char *format, ...) {
  va_list what;
  va_start(what, format);
  vfprintf(stderr, format, what);
  va_end(what);
  fputc('\n', stderr);
  exit(1);
}

static void check(const TF_Status *status, const char *doing) {
  if (TF_GetCode(status) != TF_OK) fail("%s: %s", doing, TF_Message(status));
}

static void *many(int64_t count, size_t size) {
  void *held = calloc(count > 0 ? (size_t)count : 1, size);
  if (!held) fail("There is no memory for %lld times %zu bytes.", (long long)count, size);
  return held;
}

static FILE *opened(const char *path, const char *mode) {
  FILE *file = fopen(path, mode);
  if (!file) fail("%s cannot be opened.", path);
  return file;
}

/* Requests */

static void read_bytes(FILE *file, void *to, size_t size) {
  if (size && fread(to, size, 1, file) != 1) fail("The requests end too early.");
}

static int64_t read_number(FILE *file) {
  int64_t number;
  read_bytes(file, &number, sizeof number);
  return number;
}

static char *read_string(FILE *file, int64_t *size) {
  *size = read_number(file);
  char *string = many(*size + 1, 1);
  read_bytes(file, string, (size_t)*size);
  return string;
}

static TF_Tensor *read_tensor(FILE *file) {
  TF_DataType type = (TF_DataType)read_number(file);
  int rank = (int)read_number(file);
  int64_t *dims = many(rank, sizeof *dims), count = 1;
  for (int axis = 0; axis < rank; axis++) count *= dims[axis] = read_number(file);
  size_t cell = type == TF_STRING ? sizeof(TF_TString) : TF_DataTypeSize(type);
  TF_Tensor *tensor = TF_AllocateTensor(type, dims, rank, (size_t)count * cell);
  free(dims);
  if (type != TF_STRING) {
    read_bytes(file, TF_TensorData(tensor), (size_t)count * cell);
    return tensor;
  }
  TF_TString *strings = TF_TensorData(tensor);
  for (int64_t place = 0; place < count; place++) {
    int64_t size;
    char *string = read_string(file, &size);
    TF_StringInit(&strings[place]);
    TF_StringCopy(&strings[place], string, (size_t)size);
    free(string);
  }
  return tensor;
}

/* A tensor of the graph by its name, "operation:output". */
static TF_Output read_output(FILE *file, TF_Graph *graph) {
  int64_t size;
  char *name = read_string(file, &size), *colon = strrchr(name, ':');
  if (!colon) fail("%s is not the name of a tensor: it has no output's number behind a colon.", name);
  *colon = 0;
  TF_Output output = {TF_GraphOperationByName(graph, name), atoi(colon + 1)};
  if (!output.oper) fail("The graph has no operation %s.", name);
  free(name);
  return output;
}

static Request read_request(FILE *file, TF_Graph *graph) {
  Request request = {0};
  request.feeds = (int)read_number(file);
  request.feed = many(request.feeds, sizeof *request.feed);
  request.fed = many(request.feeds, sizeof *request.fed);
  for (int place = 0; place < request.feeds; place++) {
    request.feed[place] = read_output(file, graph);
    request.fed[place] = read_tensor(file);
  }
  request.fetches = (int)read_number(file);
  request.fetch = many(request.fetches, sizeof *request.fetch);
  for (int place = 0; place < request.fetches; place++) request.fetch[place] = read_output(file, graph);
  return request;
}

/* Answers */

static void *ask(void *given) {
  Asker *asker = given;
  TF_Status *status = TF_NewStatus();
  asker->answers = many(asker->count, sizeof *asker->answers);
  for (int turn = 0; turn < asker->count; turn++) {
    int place = asker->backwards ? asker->count - 1 - turn : turn;
    const Request *one = &asker->requests[place];
    TF_Tensor **answer = asker->answers[place] = many(one->fetches, sizeof *answer);
    TF_SessionRun(asker->session, NULL, one->feed, one->fed, one->feeds, one->fetch, answer, one->fetches,
                  NULL, 0, NULL, status);
    check(status, "A request was not answered");
  }
  TF_DeleteStatus(status);
  return NULL;
}

static void write_bytes(FILE *file, const void *from, size_t size) {
  if (size && fwrite(from, size, 1, file) != 1) fail("The answers cannot be written.");
}

static void write_number(FILE *file, int64_t number) { write_bytes(file, &number, sizeof number); }

static void write_tensor(FILE *file, const TF_Tensor *tensor) {
  write_number(file, TF_TensorType(tensor));
  write_number(file, TF_NumDims(tensor));
  for (int axis = 0; axis < TF_NumDims(tensor); axis++) write_number(file, TF_Dim(tensor, axis));
  if (TF_TensorType(tensor) != TF_STRING) {
    write_bytes(file, TF_TensorData(tensor), TF_TensorByteSize(tensor));
    return;
  }
  const TF_TString *strings = TF_TensorData(tensor);
  for (int64_t place = 0; place < TF_TensorElementCount(tensor); place++) {
    size_t size = TF_StringGetSize(&strings[place]);
    write_number(file, (int64_t)size);
    write_bytes(file, TF_StringGetDataPointer(&strings[place]), size);
  }
}

static void write_answers(FILE *file, const Asker *asker) {
  for (int place = 0; place < asker->count; place++) {
    for (int fetch = 0; fetch < asker->requests[place].fetches; fetch++) {
      write_tensor(file, asker->answers[place][fetch]);
      TF_DeleteTensor(asker->answers[place][fetch]);
    }
    free(asker->answers[place]);
  }
  free(asker->answers);
}

/* Strings of a tensor that was filled here are given back here: the library does not know who made them. */
static void delete_request(Request *request) {
  for (int place = 0; place < request->feeds; place++) {
    TF_Tensor *tensor = request->fed[place];
    TF_TString *strings = TF_TensorData(tensor);
    int64_t count = TF_TensorType(tensor) == TF_STRING ? TF_TensorElementCount(tensor) : 0;
    for (int64_t cell = 0; cell < count; cell++) TF_StringDealloc(&strings[cell]);
    TF_DeleteTensor(tensor);
  }
  free(request->feed), free(request->fed), free(request->fetch);
}

int main(int count, char **arguments) {
  if (count != 4) fail("usage: serve EXPORT REQUESTS ANSWERS");
  if (dlsym(RTLD_DEFAULT, "Py_IsInitialized")) fail("This process has Python, and an export needs none.");
  TF_Status *status = TF_NewStatus();
  TF_Graph *graph = TF_NewGraph();
  TF_SessionOptions *options = TF_NewSessionOptions();
  const char *tags[] = {"serve"};
  TF_Session *session =
      TF_LoadSessionFromSavedModel(options, NULL, arguments[1], tags, 1, graph, NULL, status);
  check(status, "The export was not loaded");

  FILE *file = opened(arguments[2], "rb");
  int requests = (int)read_number(file);
  Request *request = many(requests, sizeof *request);
  for (int place = 0; place < requests; place++) request[place] = read_request(file, graph);
  fclose(file);

  Asker alone = {session, request, requests, 0, NULL}, pair[] = {alone, alone};
  ask(&alone);
  pthread_t threads[2];
  for (int one = 0; one < 2; one++) {
    pair[one].backwards = one; /* so that they meet at different signatures */
    if (pthread_create(&threads[one], NULL, ask, &pair[one])) fail("A thread was not started.");
  }
  for (int one = 0; one < 2; one++) pthread_join(threads[one], NULL);

  file = opened(arguments[3], "wb");
  write_answers(file, &alone);
  for (int one = 0; one < 2; one++) write_answers(file, &pair[one]);
  if (fclose(file)) fail("The answers cannot be written.");
  for (int place = 0; place < requests; place++) delete_request(&request[place]);
  free(request);
  TF_CloseSession(session, status);
  TF_DeleteSession(session, status);
  TF_DeleteSessionOptions(options);
  TF_DeleteGraph(graph);
  check(status, "The session was not closed");
  TF_DeleteStatus(status);
  printf("TensorFlow %s answered.\n", TF_Version());
  return 0;
}
