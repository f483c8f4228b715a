'use strict';
// The other module of holders.js.
let cache;  // H_libvar.
module.exports = function(make) {
  cache = make('H_libvar');
  module.exports.store = make('H_libexport');  // H_libexport.
  return {cache: cache, touch: () => cache};
};
