'use strict';
exports.exported = function(label) {
  const nested = () => global.finishStack(label);
  return nested();
};
