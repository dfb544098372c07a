@echo off
cd /d C:\Windows\Temp
md tree
for /l %%i in (1,1,100) do echo the text of file %%i>tree\file%%i.txt
C:\7za.exe a -bso0 -bsp0 tree.7z tree
C:\7za.exe t -bsp0 tree.7z | findstr Files
rd /s /q tree
C:\7za.exe x -bso0 -bsp0 tree.7z
type tree\file1.txt
type tree\file77.txt
dir /b tree | findstr file10
exit 0
