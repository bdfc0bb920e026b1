/* An operation that TensorFlow does not bring: what tf.load_op_library loads registers it. */
typedef struct TF_OpDefinitionBuilder TF_OpDefinitionBuilder; /* the header is not C without these */
typedef struct TF_ShapeInferenceContext TF_ShapeInferenceContext;
typedef struct TF_ShapeHandle TF_ShapeHandle;
typedef struct TF_DimensionHandle TF_DimensionHandle;
#include "tensorflow/c/ops.h"

__attribute__((constructor)) static void register_operation(void) {
  TF_Status *status = TF_NewStatus();
  TF_OpDefinitionBuilder *operation = TF_NewOpDefinitionBuilder("TfmmrecTestHalve");
  TF_OpDefinitionBuilderAddInput(operation, "x: float");
  TF_OpDefinitionBuilderAddOutput(operation, "half: float");
  TF_RegisterOpDefinition(operation, status);
  TF_DeleteStatus(status);
}
