#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# The same lines as regf-dump, from hivex; with a second argument without types and data.
use strict;
use warnings;
use Encode;
use Win::Hivex;

my $h = Win::Hivex->open($ARGV[0]);

sub units { my $t = unpack("H*", encode("UTF-16BE", shift)); return $t }

sub dump_key {
    my ($node, $path) = @_;
    my $shown = $path eq "" ? "-" : $path;
    print "$shown\n";
    for my $value ($h->node_values($node)) {
        my $name = units($h->value_key($value));
        if (@ARGV > 1) {
            print $shown, " ", ($name eq "" ? "-" : $name), "\n";
            next;
        }
        my ($type, $data) = $h->value_value($value);
        print $shown, " ", ($name eq "" ? "-" : $name), " $type ", unpack("H*", $data), "\n";
    }
    dump_key($_, $path . "/" . units($h->node_name($_))) for $h->node_children($node);
}

dump_key($h->root(), "");
