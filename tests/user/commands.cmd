@echo off
cd /d C:\Windows\Temp
ver
md work
cd work
echo nobody sees this> nul
type nul
echo banana>fruit.txt
echo apple>>fruit.txt
echo cherry>>fruit.txt
type fruit.txt
copy fruit.txt copy.txt
ren copy.txt other.txt
dir /b
sort < fruit.txt
sort < fruit.txt > sorted.txt
findstr an sorted.txt
type sorted.txt | findstr ch
find "app" sorted.txt
where cmd
attrib other.txt
attrib +r other.txt
attrib other.txt
del other.txt
attrib -r other.txt
del other.txt
md a\b\c
echo deep>a\b\c\deep.txt
xcopy a copied /s /i
type copied\b\c\deep.txt
rd /s /q a
rd /s /q copied
dir /b
set VALUE=one
echo %VALUE%
for %%i in (1 2 3) do echo number %%i
for /f %%l in (sorted.txt) do echo line %%l
if exist sorted.txt echo there
if not exist nothing.txt echo not there
cmd /c exit 3
if errorlevel 4 goto wrong
if errorlevel 3 goto right
:wrong
echo wrong
exit 1
:right
echo right
call :sub argument
hostname
whoami
reg add HKCU\Software\Petrel /v Name /d value /f
reg query HKCU\Software\Petrel
reg delete HKCU\Software\Petrel /f
reg query HKCU\Software\Petrel
tasklist | findstr cmd.exe
cd ..
rd /s /q work
if not exist work echo gone
exit 7
:sub
echo in a subroutine with %1
goto :eof
