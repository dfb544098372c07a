@echo off
cd \
mingwexec
echo of the C runtime: %errorlevel%
echo hello world> msg.txt
hmac256 secret msg.txt
copy hmac256.exe edited.exe > nul
rcedit edited.exe --set-version-string FileDescription Petrel --set-file-version 1.2.3.4
rcedit edited.exe --get-version-string FileDescription
echo.
edited secret msg.txt
fastlist-0.3.0-x64.exe | findstr fastlist-0.3.0-x64.exe
7za a -tzip app.zip msg.txt > nul
copy /b t64.exe + launch.txt + app.zip launch.exe > nul
launch one two
echo of the launcher: %errorlevel%
