@echo off
cd /d C:\Windows\Temp
echo export const twice = (value) =^> value * 2;>lib.js
echo import { twice } from "./lib.js";>main.js
echo console.log(twice(21));>>main.js
C:\esbuild.exe --version
C:\esbuild.exe main.js --bundle --minify --log-level=error
C:\esbuild.exe main.js --bundle --outfile=out.js --log-level=error
type out.js
