@echo off
cd /d C:\Windows\Temp
md tree
for /l %%i in (1,1,50) do echo the needle number %%i>tree\file%%i.txt
C:\rg.exe --sort path "number 4[0-9]" tree
C:\rg.exe -c --sort path needle tree | findstr file7
C:\rg.exe nothing-like-this tree
if errorlevel 1 echo not found
exit 0
