import js from "@eslint/js";
import globals from "globals";

// Scripts of one scope: what they share tsc looks after, so names of other files are no mistakes here.
export default [
  js.configs.recommended,
  {
    languageOptions: { sourceType: "script", ecmaVersion: 2022, globals: globals.worker },
    rules: {
      "no-undef": "off",
      "no-unused-vars": ["error", { vars: "local", argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": ["error", { destructuring: "all" }],
      complexity: ["error", 20],
      "max-lines-per-function": ["error", { max: 70 }],
      "max-lines": ["error", 360],
    },
  },
  {
    files: ["**/whatif/page/*.js", "**/whatif/client.js"],
    languageOptions: { globals: globals.browser },
    rules: { "no-var": "off" }, // the page's scripts share one name, which each of them may be the first to make
  },
];
